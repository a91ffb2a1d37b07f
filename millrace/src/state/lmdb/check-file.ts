import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Thrown for a file that LMDB must not be given. */
export class DamagedFileError extends Error {
  override readonly name = 'DamagedFileError';
}

// Layout of a data file of LMDB, format 2 on a 64-bit little-endian machine: structs MDB_page_header, MDB_meta, MDB_db and MDB_node of its mdb.c.
const PAGE_HEADER = 24;
const NODE_HEADER = 8;
const TREE_BYTES = 48;
const META_BYTES = PAGE_HEADER + 2 * TREE_BYTES + 48;
const OVERFLOW_REFERENCE = 24;
const MAGIC = 0xbeefc0de;
const FORMAT = 2;
const NO_ROOT = 2 ** 64;
const PAGE_SIZES = [4096, 8192, 16384, 32768, 65536];

const PAGE_BRANCH = 1;
const PAGE_LEAF = 2;
const PAGE_OVERFLOW = 4;
const PAGE_META = 8;

/** The value of a node stands on pages of its own. It is the only flag of a node that is used here. */
const NODE_OVERFLOW = 1;

/** Keys are numbers: in the tree of free pages alone. */
const TREE_INTEGER_KEYS = 8;

/** LMDB itself gives up at this depth. */
const DEPTH_MAX = 32;

interface Tree {
  readonly flags: number;
  readonly depth: number;
  readonly branchPages: number;
  readonly leafPages: number;
  readonly overflowPages: number;
  readonly entries: number;
  readonly root: number;
}

interface Head {
  readonly pageSize: number;
  readonly freePages: Tree;
  readonly main: Tree;
  readonly lastPage: number;
  readonly transaction: number;
}

/**
 * Looks at all that LMDB relies on in a data file. It maps the file into memory and trusts what it finds: a damaged page could crash the process, or
 * be handed out as free while it is in use. Read are the pages of the trees and the heads of long values; values themselves carry checksums.
 *
 * @throws DamagedFileError
 */
export function checkFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    new FileCheck(file).run();
  } finally {
    closeSync(file);
  }
}

class FileCheck {
  private readonly file: number;
  private readonly size: number;
  private readonly head: Head;
  /** Pages that were met, in a tree or as free ones: none can be met twice. */
  private readonly met: Uint8Array;

  constructor(file: number) {
    this.file = file;
    this.size = fstatSync(file).size;
    this.head = this.newestHead();
    this.met = new Uint8Array(this.head.lastPage + 1);
    this.meet(0);
    this.meet(1);
  }

  run(): void {
    const { main, freePages } = this.head;
    this.tree(main, () => {});
    this.tree(freePages, value => this.freeList(value()));
  }

  /** There are two heads, which are written in turn. */
  private newestHead(): Head {
    const first = this.readHead(0, 0);
    const second = this.readHead(1, first.pageSize);
    const newest = Math.max(first.transaction, second.transaction);
    const other = Math.min(first.transaction, second.transaction);
    const head = newest % 2 === 0 ? first : second;
    if (newest > 0 && (newest !== other + 1 || head.transaction !== newest)) {
      throw new DamagedFileError(`its heads are of the transactions ${first.transaction} and ${second.transaction}`);
    }
    return head;
  }

  private readHead(page: number, offset: number): Head {
    const bytes = this.read(offset, META_BYTES);
    const at = PAGE_HEADER;
    if (bytes.readUInt32LE(at) !== MAGIC) throw new DamagedFileError(`head ${page} is none of LMDB`);
    const format = bytes.readUInt32LE(at + 4);
    if (format !== FORMAT) throw new DamagedFileError(`head ${page} is of LMDB's format ${format} instead of ${FORMAT}`);
    const head: Head = {
      pageSize: bytes.readUInt32LE(at + 24),
      freePages: treeAt(bytes, at + 24),
      main: treeAt(bytes, at + 24 + TREE_BYTES),
      lastPage: uint64(bytes, at + 24 + 2 * TREE_BYTES),
      transaction: uint64(bytes, at + 32 + 2 * TREE_BYTES),
    };
    const address = uint64(bytes, at + 8);
    const mapSize = uint64(bytes, at + 16);
    const sound =
      uint64(bytes, 0) === page &&
      kindOf(bytes) === PAGE_META &&
      address === 0 &&
      PAGE_SIZES.includes(head.pageSize) &&
      head.lastPage < 2 ** 40 &&
      mapSize >= (head.lastPage + 1) * head.pageSize &&
      mapSize < 2 ** 46 &&
      head.freePages.flags === TREE_INTEGER_KEYS &&
      head.main.flags === 0;
    if (!sound) throw new DamagedFileError(`head ${page} is damaged`);
    return head;
  }

  private tree(tree: Tree, visit: (value: () => Buffer) => void): void {
    let branchPages = 0;
    let leafPages = 0;
    let overflowPages = 0;
    let entries = 0;
    const walk = (page: number, depth: number): void => {
      const bytes = this.page(page);
      const isLeaf = depth === tree.depth;
      if (kindOf(bytes) !== (isLeaf ? PAGE_LEAF : PAGE_BRANCH)) throw damaged(page);
      if (isLeaf) leafPages++;
      else branchPages++;
      for (const node of nodesOf(bytes, page)) {
        const low = bytes.readUInt32LE(node);
        const flags = bytes.readUInt16LE(node + 4);
        const value = node + NODE_HEADER + bytes.readUInt16LE(node + 6);
        if (!isLeaf) {
          if (value > bytes.length) throw damaged(page);
          walk(low + 2 ** 32 * flags, depth + 1);
          continue;
        }
        entries++;
        if (flags === NODE_OVERFLOW) {
          if (value + OVERFLOW_REFERENCE > bytes.length) throw damaged(page);
          const first = uint64(bytes, value);
          overflowPages += this.longValue(first, low, uint64(bytes, value + 16));
          visit(() => this.read(first * this.head.pageSize + PAGE_HEADER, low));
        } else {
          if (flags !== 0 || value + low > bytes.length) throw damaged(page);
          visit(() => bytes.subarray(value, value + low));
        }
      }
    };
    if (tree.depth > DEPTH_MAX || (tree.root === NO_ROOT) !== (tree.depth === 0)) throw new DamagedFileError('a tree has a wrong depth');
    if (tree.depth > 0) walk(tree.root, 1);
    const counted = [branchPages, leafPages, overflowPages, entries];
    const expected = [tree.branchPages, tree.leafPages, tree.overflowPages, tree.entries];
    if (counted.join() !== expected.join())
      throw new DamagedFileError(`a tree has counts of ${counted.join(', ')} instead of ${expected.join(', ')}`);
  }

  /** Returns on how many pages it stands. */
  private longValue(page: number, length: number, pages: number): number {
    const { pageSize } = this.head;
    const needed = Math.floor((PAGE_HEADER - 1 + length) / pageSize) + 1;
    const header = this.read(page * pageSize, PAGE_HEADER);
    if (pages !== needed || kindOf(header) !== PAGE_OVERFLOW || header.readUInt32LE(20) !== pages) throw damaged(page);
    this.checkHeader(header, page);
    for (let i = 0; i < pages; i++) this.meet(page + i);
    if (page * pageSize + PAGE_HEADER + length > this.size) throw new DamagedFileError('it is too short');
    return pages;
  }

  /** The list begins with its length. A positive number is a page, a negative one says how many pages follow each other from the next number on. */
  private freeList(list: Buffer): void {
    const count = list.length < 8 ? Infinity : uint64(list, 0);
    if (8 * (count + 1) > list.length) throw new DamagedFileError('a list of free pages is damaged');
    for (let i = 1; i <= count; i++) {
      let pages = 1;
      let entry = Number(list.readBigInt64LE(8 * i));
      if (entry === 0) continue;
      if (entry < 0) {
        if (++i > count) throw new DamagedFileError('a list of free pages is damaged');
        pages = -entry;
        entry = Number(list.readBigInt64LE(8 * i));
      }
      for (let page = entry; page < entry + pages; page++) this.meet(page);
    }
  }

  private page(page: number): Buffer {
    const { pageSize } = this.head;
    this.meet(page);
    const bytes = this.read(page * pageSize, pageSize);
    this.checkHeader(bytes, page);
    return bytes;
  }

  private checkHeader(header: Buffer, page: number): void {
    if (uint64(header, 0) !== page || uint64(header, 8) > this.head.transaction) throw damaged(page);
  }

  private meet(page: number): void {
    if (!(page >= 0 && page <= this.head.lastPage)) throw new DamagedFileError(`there is no page ${page}`);
    if (this.met[page] !== 0) throw new DamagedFileError(`page ${page} is used twice`);
    this.met[page] = 1;
  }

  private read(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    if (!(offset + length <= this.size)) throw new DamagedFileError('it is too short');
    for (let at = 0; at < length; ) {
      const n = readSync(this.file, bytes, at, length - at, offset + at);
      if (n === 0) throw new DamagedFileError('it is too short');
      at += n;
    }
    return bytes;
  }
}

/** Where the nodes of a page begin. */
function nodesOf(bytes: Buffer, page: number): number[] {
  const lower = bytes.readUInt16LE(20);
  const upper = bytes.readUInt16LE(22);
  if (lower % 2 !== 0 || lower === 0 || lower > upper || PAGE_HEADER + upper > bytes.length) throw damaged(page);
  const nodes: number[] = [];
  for (let i = 0; i < lower; i += 2) {
    const at = PAGE_HEADER + bytes.readUInt16LE(PAGE_HEADER + i);
    if (at < PAGE_HEADER + upper || at + NODE_HEADER > bytes.length) throw damaged(page);
    nodes.push(at);
  }
  return nodes;
}

function treeAt(bytes: Buffer, at: number): Tree {
  return {
    flags: bytes.readUInt16LE(at + 4),
    depth: bytes.readUInt16LE(at + 6),
    branchPages: uint64(bytes, at + 8),
    leafPages: uint64(bytes, at + 16),
    overflowPages: uint64(bytes, at + 24),
    entries: uint64(bytes, at + 32),
    root: uint64(bytes, at + 40),
  };
}

function kindOf(header: Buffer): number {
  return header.readUInt16LE(18);
}

/** Numbers of pages and transactions are far below 2^53. */
function uint64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + 2 ** 32 * bytes.readUInt32LE(at + 4);
}

function damaged(page: number): DamagedFileError {
  return new DamagedFileError(`page ${page} is damaged`);
}
