import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Thrown for a value that is not as it was sealed: its bytes have changed, or it was sealed with another key. */
export class BrokenSealError extends Error {
  override readonly name = 'BrokenSealError';
}

/** Makes damage to a value visible, and may hide what it says. A value is sealed together with the key under which it stands. */
export interface Seal {
  close(key: Buffer, value: Uint8Array): Buffer;
  /** @throws BrokenSealError */
  open(key: Buffer, sealed: Buffer): Buffer;
}

const PLAIN = 1;
const ENCRYPTED = 2;

const PLAIN_HEADER = 5;

/** A byte for the kind, the CRC-32 of key and value, the value. */
export const plainSeal: Seal = {
  close(key, value) {
    const sealed = Buffer.allocUnsafeSlow(PLAIN_HEADER + value.length);
    sealed[0] = PLAIN;
    sealed.writeUInt32LE(crc32(value, crc32(key)), 1);
    sealed.set(value, PLAIN_HEADER);
    return sealed;
  },
  open(key, sealed) {
    if (sealed.length < PLAIN_HEADER || sealed[0] !== PLAIN) throw new BrokenSealError('the value is none that was sealed');
    const value = sealed.subarray(PLAIN_HEADER);
    if (sealed.readUInt32LE(1) !== crc32(value, crc32(key))) throw new BrokenSealError('the checksum is wrong');
    return value;
  },
};

const CIPHER = 'aes-256-gcm';
const SALT = 16;
const NONCE = 12;
const TAG = 16;
const ENCRYPTED_HEADER = 1 + SALT + NONCE + TAG;

/**
 * A byte for the kind, salt, nonce and tag, then the value encrypted by AES-256-GCM, which authenticates the record's key along with it. Each
 * seal draws a salt, derives a key of its own from it (HKDF-SHA256) and counts its nonces, so that no nonce is ever used twice with one key,
 * not even by copies of a directory.
 */
export class EncryptingSeal implements Seal {
  private readonly secret: Buffer;
  private readonly salt = randomBytes(SALT);
  private readonly derived: Buffer;
  private count = 0n;
  /** By salt in hex: the keys of those who wrote before. */
  private readonly others = new Map<string, Buffer>();

  /** @param secret 32 bytes */
  constructor(secret: Buffer) {
    this.secret = secret;
    this.derived = this.derive(this.salt);
  }

  close(key: Buffer, value: Uint8Array): Buffer {
    const nonce = Buffer.alloc(NONCE);
    nonce.writeBigUInt64LE(this.count++);
    const cipher = createCipheriv(CIPHER, this.derived, nonce);
    cipher.setAAD(key);
    const encrypted = cipher.update(value);
    cipher.final();
    return Buffer.concat([Buffer.of(ENCRYPTED), this.salt, nonce, cipher.getAuthTag(), encrypted]);
  }

  open(key: Buffer, sealed: Buffer): Buffer {
    if (sealed.length < ENCRYPTED_HEADER || sealed[0] !== ENCRYPTED) throw new BrokenSealError('the value is none that was encrypted');
    const salt = sealed.subarray(1, 1 + SALT);
    const nonce = sealed.subarray(1 + SALT, 1 + SALT + NONCE);
    const decipher = createDecipheriv(CIPHER, this.keyOf(salt), nonce, { authTagLength: TAG });
    decipher.setAAD(key);
    decipher.setAuthTag(sealed.subarray(ENCRYPTED_HEADER - TAG, ENCRYPTED_HEADER));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(ENCRYPTED_HEADER)), decipher.final()]);
    } catch (cause) {
      throw new BrokenSealError('the value was changed, or encrypted with another key', { cause });
    }
  }

  private keyOf(salt: Buffer): Buffer {
    const id = salt.toString('hex');
    let key = this.others.get(id);
    if (key === undefined) {
      key = this.derive(salt);
      this.others.set(id, key);
    }
    return key;
  }

  private derive(salt: Buffer): Buffer {
    return Buffer.from(hkdfSync('sha256', this.secret, salt, 'millrace epochs', 32));
  }
}
