import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Thrown for a file that LMDB must not be given. */
export class DamagedFileError extends Error {
  override readonly name = 'DamagedFileError';
}

// Layout of a data file of LMDB, format 2 on a 64-bit little-endian machine: structs MDB_page_header, MDB_meta, MDB_db and MDB_node of its mdb.c.
const PAGE_HEADER = 24;
const NODE_HEADER = 8;
const META_BYTES = PAGE_HEADER + 144;
const DB_BYTES = 48;
const OVERFLOW_REFERENCE_BYTES = 24;
const MAGIC = 0xbeefc0de;
const FORMAT = 2;
const NO_ROOT = 2 ** 64;

const PAGE_BRANCH = 1;
const PAGE_LEAF = 2;
const PAGE_OVERFLOW = 4;
const PAGE_META = 8;
const NODE_OVERFLOW = 1;

/** Keys are numbers, in the tree of free pages alone. */
const DB_INTEGER_KEYS = 8;

/** Trees are never this deep; LMDB itself gives up at this depth. */
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

interface Meta {
  readonly pageSize: number;
  readonly mapSize: number;
  readonly freePages: Tree;
  readonly main: Tree;
  readonly lastPage: number;
  readonly transaction: number;
}

/**
 * Looks at all that LMDB relies on in a data file: it maps the file into memory and trusts what it finds, so that a damaged page could crash the
 * process or be handed out as free while it is in use. Read are the pages of the trees and the first page of each long value; the values themselves
 * carry checksums.
 *
 * @throws DamagedFileError
 */
export function checkFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    // What LMDB has just made is empty until the first transaction.
    if (fstatSync(file).size > 0) new FileCheck(file).run();
  } finally {
    closeSync(file);
  }
}

class FileCheck {
  private readonly file: number;
  private readonly fileBytes: number;
  private readonly meta: Meta;
  /** Pages that were met, in a tree or as free ones; none can be both, or be it twice. */
  private readonly met: Uint8Array;

  constructor(file: number) {
    this.file = file;
    this.fileBytes = fstatSync(file).size;
    this.meta = this.newestMeta();
    this.met = new Uint8Array(this.meta.lastPage + 1);
  }

  run(): void {
    const { main, freePages } = this.meta;
    this.tree(main, (_, node) => {
      if (node.flags !== 0) throw new DamagedFileError('an entry is of a kind that is not used here');
    });
    this.tree(freePages, this.freeList);
  }

  private newestMeta(): Meta {
    const first = this.readMeta(0, 0);
    const second = this.readMeta(1, first.pageSize);
    const [older, newer] = first.transaction > second.transaction ? [second, first] : [first, second];
    if (newer.transaction > 0 && (newer.transaction !== older.transaction + 1 || (newer === first) !== (newer.transaction % 2 === 0))) {
      throw new DamagedFileError(`the head pages are of transactions ${first.transaction} and ${second.transaction}`);
    }
    return newer;
  }

  private readMeta(page: number, offset: number): Meta {
    const bytes = this.read(offset, META_BYTES);
    if (bytes.readUInt32LE(PAGE_HEADER) !== MAGIC) throw new DamagedFileError(`head page ${page} is none of LMDB`);
    const format = bytes.readUInt32LE(PAGE_HEADER + 4);
    if (format !== FORMAT) throw new DamagedFileError(`head page ${page} is of LMDB's format ${format}, and ${FORMAT} is known`);
    if (uint64(bytes, 0) !== page || bytes.readUInt16LE(18) !== PAGE_META || uint64(bytes, PAGE_HEADER + 8) !== 0) {
      throw new DamagedFileError(`head page ${page} is damaged`);
    }
    const meta: Meta = {
      pageSize: bytes.readUInt32LE(PAGE_HEADER + 24),
      mapSize: uint64(bytes, PAGE_HEADER + 16),
      freePages: readTree(bytes, PAGE_HEADER + 24),
      main: readTree(bytes, PAGE_HEADER + 24 + DB_BYTES),
      lastPage: uint64(bytes, PAGE_HEADER + 24 + 2 * DB_BYTES),
      transaction: uint64(bytes, PAGE_HEADER + 32 + 2 * DB_BYTES),
    };
    const { pageSize, mapSize, freePages, main, lastPage } = meta;
    const sound =
      [4096, 8192, 16384, 32768, 65536].includes(pageSize) &&
      lastPage < 2 ** 40 &&
      mapSize >= (lastPage + 1) * pageSize &&
      mapSize < 2 ** 46 &&
      freePages.flags === DB_INTEGER_KEYS &&
      main.flags === 0;
    if (!sound) throw new DamagedFileError(`head page ${page} is damaged`);
    return meta;
  }

  private tree(tree: Tree, visit: (bytes: Buffer, node: LeafNode) => void): void {
    const found = { branchPages: 0, leafPages: 0, overflowPages: 0, entries: 0 };
    const walk = (page: number, depth: number): void => {
      const bytes = this.page(page);
      const nodes = nodesOf(bytes, page);
      if (depth === tree.depth) {
        if (bytes.readUInt16LE(18) !== PAGE_LEAF) throw damagedPage(page);
        found.leafPages++;
        for (const at of nodes) {
          found.entries++;
          const node = leafNode(bytes, at, page);
          if ((node.flags & NODE_OVERFLOW) !== 0) found.overflowPages += this.overflow(bytes, node, page);
          else visit(bytes, node);
        }
      } else {
        if (bytes.readUInt16LE(18) !== PAGE_BRANCH || nodes.length === 0) throw damagedPage(page);
        found.branchPages++;
        for (const at of nodes) walk(bytes.readUInt32LE(at) + 2 ** 32 * bytes.readUInt16LE(at + 4), depth + 1);
      }
    };
    if (tree.depth > DEPTH_MAX) throw new DamagedFileError('a tree is too deep');
    if (tree.root !== NO_ROOT) walk(tree.root, 1);
    else if (tree.depth !== 0) throw new DamagedFileError('a tree has no root');
    for (const count of ['branchPages', 'leafPages', 'overflowPages', 'entries'] as const) {
      if (found[count] !== tree[count]) throw new DamagedFileError(`a tree has ${found[count]} ${count} instead of ${tree[count]}`);
    }
  }
}
