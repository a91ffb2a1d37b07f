import { SHAPES_MAX } from './format.ts';

/** With more nodes than this, objects are taken for dictionaries until the next segment. */
const NODES_MAX = 16 * SHAPES_MAX;

/** The names on the way from the root to a node are those of an object's fields, in their order. */
export class ShapeNode {
  readonly name: string;
  /** How many fields lead here. */
  readonly depth: number;
  /** The segment in which the shape was last numbered; numbers are given anew in each. */
  segment = 0;
  number = 0;
  private readonly tree: ShapeTree;
  private readonly parent: ShapeNode | undefined;
  private children: Map<string, ShapeNode> | undefined;
  /** The child that was last asked for: objects of one shape come in rows. */
  private last: ShapeNode | undefined;

  constructor(tree: ShapeTree, name: string, parent: ShapeNode | undefined) {
    this.tree = tree;
    this.name = name;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }

  /** The node after one more field; undefined when there are too many. */
  after(name: string): ShapeNode | undefined {
    const { last } = this;
    return last !== undefined && last.name === name ? last : this.find(name);
  }

  names(): string[] {
    const names: string[] = [];
    for (let node: ShapeNode = this; node.parent !== undefined; node = node.parent) names.push(node.name);
    return names.reverse();
  }

  private find(name: string): ShapeNode | undefined {
    this.children ??= new Map();
    let child = this.children.get(name);
    if (child === undefined) {
      if (!this.tree.grow()) return undefined;
      child = new ShapeNode(this.tree, name, this);
      this.children.set(name, child);
    }
    this.last = child;
    return child;
  }
}

/** The shapes of the objects of one segment, numbered from 0. What was found is kept for the next segment. */
export class ShapeTree {
  root = new ShapeNode(this, '', undefined);
  private nodes = 0;
  private segment = 1;
  private count = 0;

  /** Forgets the numbers. */
  beginSegment(): void {
    if (this.nodes === NODES_MAX) {
      this.root = new ShapeNode(this, '', undefined);
      this.nodes = 0;
    }
    this.segment++;
    this.count = 0;
  }

  /** Whether the shape has a number in this segment. */
  isKnown(node: ShapeNode): boolean {
    return node.segment === this.segment;
  }

  get full(): boolean {
    return this.count === SHAPES_MAX;
  }

  /** Gives a shape its number. */
  add(node: ShapeNode): void {
    node.segment = this.segment;
    node.number = this.count++;
  }

  /** Makes room for one more node. */
  grow(): boolean {
    if (this.nodes === NODES_MAX) return false;
    this.nodes++;
    return true;
  }
}
