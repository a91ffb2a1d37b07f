import { type ColumnChunk, type FileMetaData, parquetMetadataAsync } from 'hyparquet';
import { MillraceError } from '../../base/errors.ts';
import { corruptFile } from './corrupt.ts';
import { asyncBuffer, type RandomAccess } from './random-access.ts';

/** Bytes before the first page: `PAR1`. */
const MAGIC_BYTES = 4n;

/**
 * Reads the footer of a file, and sees that it agrees with itself: hyparquet takes it as it comes, be it that fields are missing.
 *
 * @throws MillraceError `FILE_CORRUPT`, `FILE_CHANGED`, `FILE_READ_FAILED`
 */
export async function readMetadata(file: RandomAccess): Promise<FileMetaData> {
  try {
    const metadata = await parquetMetadataAsync(asyncBuffer(file));
    const fault = faultOf(metadata, BigInt(file.byteLength));
    if (fault === undefined) return metadata;
    throw corruptFile(file.path, fault);
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    throw corruptFile(file.path, `${file.byteLength} bytes without the footer of one`, error);
  }
}

export function rowsOf(metadata: FileMetaData): number {
  return metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
}

/** What the footer says that cannot be, if anything. */
function faultOf(metadata: FileMetaData, byteLength: bigint): string | undefined {
  let rows = 0n;
  for (const [i, group] of metadata.row_groups.entries()) {
    if (!isCount(group.num_rows)) return `row group ${i} of ${group.num_rows} rows`;
    rows += group.num_rows;
    // Nothing of a row group without rows is read, and writers let its offsets point anywhere.
    if (group.num_rows === 0n) continue;
    const chunk = group.columns.find(column => !isWithin(column, group.num_rows, byteLength));
    if (chunk !== undefined) return `row group ${i} with the column '${chunk.meta_data?.path_in_schema?.join('.')}' outside the file`;
  }
  // Some writers leave the count of the whole file at 0.
  return metadata.num_rows === rows || metadata.num_rows === 0n ? undefined : `${metadata.num_rows} rows, and ${rows} in its row groups`;
}

/** Whether the pages of a column chunk are in the file, and have values for all rows. An encrypted one does not tell. */
function isWithin({ meta_data: chunk, file_path: elsewhere }: ColumnChunk, rows: bigint, byteLength: bigint): boolean {
  if (chunk === undefined || elsewhere !== undefined) return true;
  const { data_page_offset: data, dictionary_page_offset: dictionary, total_compressed_size: bytes, num_values: values } = chunk;
  if (!isCount(data) || !isCount(bytes) || !isCount(values) || !(dictionary === undefined || isCount(dictionary))) return false;
  const from = dictionary && dictionary < data ? dictionary : data;
  return from >= MAGIC_BYTES && from + bytes <= byteLength && values >= rows;
}

function isCount(value: unknown): value is bigint {
  return typeof value === 'bigint' && value >= 0n;
}
