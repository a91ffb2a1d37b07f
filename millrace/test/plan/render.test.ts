import { describe, expect, test } from 'vitest';
import { describePlan } from '../../src/plan/render-description.ts';
import { renderPlanMermaid } from '../../src/plan/render-mermaid.ts';
import { renderPlanText } from '../../src/plan/render-text.ts';
import { delaysPlan, fraudPlan } from './render-plans.ts';

describe('a plan as text', () => {
  test('shows one source to one sink', () => {
    expect(renderPlanText(describePlan(delaysPlan()))).toMatchInlineSnapshot(`
      "Pipeline flight-delays: 1 source, 2 stages, 1 operator, 1 sink; parallelism 1

        file                   source     file: flights.parquet, bounded
        ↓ forward
      ┌ file/eventTime         eventTime  (f) => f.date, out of order by up to 1h, idle after 30s
      │ file/eventTime/filter  filter     (f) => f.delay > 0
      │ ↓ hash by origin
      └ file/window            window     tumbling(1d) flights: count, mean, worst: max
                               state      panes: window, bounded by window 1d + lateness 0ms
        ↓ forward
        file/window/to-file    sink       file: out/delays.jsonl

      ┌ │ └  one chain: these run as one loop

      All state is bounded.

      Rejected records go to the reject log.
      "
    `);
  });

  test('shows forks, joins, side outputs and what is unbounded', () => {
    expect(renderPlanText(describePlan(fraudPlan()))).toMatchInlineSnapshot(`
      "Pipeline fraud: 2 sources, 2 stages, 1 operator, 3 sinks; parallelism 1

        payments                 source             socket: 127.0.0.1:9000, unbounded
        ↓ forward
        payments/filter          filter             (p) => p.tag !== "\\"<b>#1|%%\\""
        ├ ↓ hash by p => p.account
        │   → match                                 input 1 of 2, below
        └ ↓ forward
            payments/to-console  sink               console: direction LR, style:#ff0000

        file                     source             file: rules.jsonl, unbounded
        ↓ broadcast
        match                    broadcast process  each payment is held against every rule, of which
                                                    there may be many, and the first that matches decides
                                 state              rules: broadcast, unbounded
                                 state              seen: map, bounded by ttl 1h
                                 state              totals: value, unbounded
        ├ ↓ forward
        │   → match/union                           input 1 of 2, below
        └ ↓ forward, side output doubtful
            match/union          union              2 streams as one
            ↓ rebalance
          ┌ match/union/map      map                toMessage
          └ match/union/to-http  sink               http: POST https://alarms.example/v1

        rejects                  rejects            every record that was rejected
        ↓ forward
        rejects/to-file          sink               file: rejects.jsonl

      ┌ │ └  one chain: these run as one loop

      Unbounded state
        match: rules (broadcast) would be bounded by deleting the entries that are no longer needed
        match: totals (value) would be bounded by a time to live: { ttl: '1d' }

      Rejected records go where the program sends them.
      "
    `);
  });

  test('keeps to 100 columns', () => {
    const lines = renderPlanText(describePlan(fraudPlan())).split('\n');
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(100);
  });

  test('shows each node once', () => {
    const plan = describePlan(fraudPlan());
    const text = renderPlanText(plan);
    for (const { id } of plan.nodes) {
      expect(
        text.split('\n').filter(line => new RegExp(`^[ │┌└]*${id.replaceAll('+', '\\+')}( |$)`).test(line)),
        id,
      ).toHaveLength(1);
    }
  });
});

describe('a plan as JSON', () => {
  test('has the shape of version 1', () => {
    expect(describePlan(delaysPlan())).toMatchInlineSnapshot(`
      {
        "chains": [
          [
            "file/eventTime",
            "file/eventTime/filter",
            "file/window",
          ],
        ],
        "nodes": [
          {
            "bounded": true,
            "description": "flights.parquet",
            "id": "file",
            "inputs": [],
            "kind": "file",
            "makes": "append",
            "name": null,
            "parallelism": 1,
            "state": [],
            "type": "source",
          },
          {
            "bounded": null,
            "description": "(f) => f.date, out of order by up to 1h, idle after 30s",
            "id": "file/eventTime",
            "inputs": [
              {
                "exchange": "forward",
                "from": "file",
                "key": null,
                "side": null,
              },
            ],
            "kind": "eventTime",
            "makes": "append",
            "name": null,
            "parallelism": 1,
            "state": [],
            "type": "stage",
          },
          {
            "bounded": null,
            "description": "(f) => f.delay > 0",
            "id": "file/eventTime/filter",
            "inputs": [
              {
                "exchange": "forward",
                "from": "file/eventTime",
                "key": null,
                "side": null,
              },
            ],
            "kind": "filter",
            "makes": "append",
            "name": null,
            "parallelism": 1,
            "state": [],
            "type": "stage",
          },
          {
            "bounded": null,
            "description": "tumbling(1d) flights: count, mean, worst: max",
            "id": "file/window",
            "inputs": [
              {
                "exchange": "hash",
                "from": "file/eventTime/filter",
                "key": "origin",
                "side": null,
              },
            ],
            "kind": "window",
            "makes": "append",
            "name": null,
            "parallelism": 1,
            "state": [
              {
                "boundedBy": "window 1d + lateness 0ms",
                "kind": "window",
                "name": "panes",
              },
            ],
            "type": "operator",
          },
          {
            "bounded": null,
            "description": "out/delays.jsonl",
            "id": "file/window/to-file",
            "inputs": [
              {
                "exchange": "forward",
                "from": "file/window",
                "key": null,
                "side": null,
              },
            ],
            "kind": "file",
            "makes": null,
            "name": null,
            "parallelism": 1,
            "state": [],
            "type": "sink",
          },
        ],
        "pipeline": "flight-delays",
        "rejects": "log",
        "unbounded": [],
        "version": 1,
      }
    `);
  });

  test('names the edges, the chains and what is unbounded', () => {
    const { nodes, chains, unbounded, rejects } = describePlan(fraudPlan());
    expect(
      nodes.map(({ id, inputs }) => [id, inputs.map(edge => [edge.from, edge.exchange, edge.key ?? edge.side])]),
    ).toMatchInlineSnapshot(`
      [
        [
          "payments",
          [],
        ],
        [
          "payments/filter",
          [
            [
              "payments",
              "forward",
              null,
            ],
          ],
        ],
        [
          "file",
          [],
        ],
        [
          "match",
          [
            [
              "payments/filter",
              "hash",
              "p => p.account",
            ],
            [
              "file",
              "broadcast",
              null,
            ],
          ],
        ],
        [
          "payments/to-console",
          [
            [
              "payments/filter",
              "forward",
              null,
            ],
          ],
        ],
        [
          "match/union",
          [
            [
              "match",
              "forward",
              null,
            ],
            [
              "match",
              "forward",
              "doubtful",
            ],
          ],
        ],
        [
          "match/union/map",
          [
            [
              "match/union",
              "rebalance",
              null,
            ],
          ],
        ],
        [
          "match/union/to-http",
          [
            [
              "match/union/map",
              "forward",
              null,
            ],
          ],
        ],
        [
          "rejects",
          [],
        ],
        [
          "rejects/to-file",
          [
            [
              "rejects",
              "forward",
              null,
            ],
          ],
        ],
      ]
    `);
    expect(chains).toMatchInlineSnapshot(`
      [
        [
          "payments/filter",
        ],
        [
          "match/union/map",
          "match/union/to-http",
        ],
      ]
    `);
    expect(unbounded).toMatchInlineSnapshot(`
      [
        {
          "boundedWith": "deleting the entries that are no longer needed",
          "kind": "broadcast",
          "operator": "match",
          "state": "rules",
        },
        {
          "boundedWith": "a time to live: { ttl: '1d' }",
          "kind": "value",
          "operator": "match",
          "state": "totals",
        },
      ]
    `);
    expect(rejects).toBe('program');
  });

  test('survives being written and read', () => {
    const plan = describePlan(fraudPlan());
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });
});

describe('a plan for Mermaid', () => {
  test('boxes chains', () => {
    expect(renderPlanMermaid(describePlan(delaysPlan()))).toMatchInlineSnapshot(`
      "---
      title: "flight-delays"
      ---
      flowchart TD
        subgraph c0["chain"]
          n1["file/eventTime<br/>eventTime<br/>(f) =#62; f.date, out of order by up to 1h, idle after 30s"]
          n2["file/eventTime/filter<br/>filter<br/>(f) =#62; f.delay #62; 0"]
          n3["file/window<br/>window<br/>tumbling(1d) flights#58; count, mean, worst#58; max<br/>state panes#58; window 1d + lateness 0ms"]
        end
        n0(["file<br/>file<br/>flights.parquet"])
        n4[["file/window/to-file<br/>file<br/>out/delays.jsonl"]]
        n0 -->|"forward"| n1
        n1 -->|"forward"| n2
        n2 -->|"hash by origin"| n3
        n3 -->|"forward"| n4
      "
    `);
  });

  test('escapes what is not a letter', () => {
    const text = renderPlanMermaid(describePlan(fraudPlan()));
    expect(text).toMatchInlineSnapshot(`
      "---
      title: "fraud"
      ---
      flowchart TD
        subgraph c1["chain"]
          n6["match/union/map<br/>map<br/>toMessage"]
          n7[["match/union/to-http<br/>http<br/>POST https#58;//alarms.example/v1"]]
        end
        n0(["payments<br/>socket<br/>127.0.0.1#58;9000"])
        n1["payments/filter<br/>filter<br/>(p) =#62; p.tag #33;== #34;#92;#34;#60;b#62;#35;1#124;#37;#37;#92;#34;#34;"]
        n2(["file<br/>file<br/>rules.jsonl"])
        n3["match<br/>broadcast process<br/>each payment is held against every rule, of which there may be many, and the first that matches decides<br/>state rules#58; unbounded<br/>state seen#58; ttl 1h<br/>state totals#58; unbounded"]
        n4[["payments/to-console<br/>console<br/>direction#32;LR, style#58;#35;ff0000"]]
        n5["match/union<br/>union<br/>2 streams as one"]
        n8(["rejects<br/>rejects<br/>every record that was rejected"])
        n9[["rejects/to-file<br/>file<br/>rejects.jsonl"]]
        n0 -->|"forward"| n1
        n1 -->|"hash by p =#62; p.account"| n3
        n2 -->|"broadcast"| n3
        n1 -->|"forward"| n4
        n3 -->|"forward"| n5
        n3 -->|"forward, side output doubtful"| n5
        n5 -->|"rebalance"| n6
        n6 -->|"forward"| n7
        n8 -->|"forward"| n9
      "
    `);
    const labels = text
      .split('\n')
      .slice(4)
      .flatMap(line => [...line.matchAll(/"([^"]*)"/g)].map(match => match[1] ?? ''));
    expect(labels.join('').replaceAll('<br/>', '').replace(/#\d+;/g, '')).not.toMatch(/["#<>|%;:`]|direction /);
    expect(text).toContain('console<br/>direction#32;LR, style#58;#35;ff0000');
  });
});
