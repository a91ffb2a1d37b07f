import { count, pipeline } from 'millrace';
import { print } from 'millrace/connectors/console';
import { fromArray } from 'millrace/connectors/memory';

interface Order {
  readonly shop: string;
  readonly total: number;
}

const orders: Order[] = [
  { shop: 'north', total: 20 },
  { shop: 'south', total: 30 },
];

const p = pipeline('small');

p.from(fromArray(orders))
  .filter(order => order.total > 10)
  .keyBy('shop')
  .aggregate({ orders: count() })
  .to(print());

export default p;
