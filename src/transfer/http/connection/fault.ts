import { errorCode } from '../../../contract/errors.ts';
import { CONNECT_TIMEOUT_MS } from '../../call-policy.ts';

/** What went wrong with one try, whatever was handed over before. */
export type Fault =
  | 'status'
  | 'dns-unknown'
  | 'dns-failing'
  | 'refused'
  | 'connect-timeout'
  | 'local'
  | 'closed'
  | 'stalled'
  | 'no-answer'
  | 'cut-short'
  | 'too-large'
  | 'tls-untrusted'
  | 'tls-time'
  | 'tls-name'
  | 'tls'
  | 'proxy-refused'
  | 'proxy-auth'
  | 'proxy-failing'
  | 'not-http'
  | 'two-lengths'
  | 'headers-too-large'
  | 'redirect'
  | 'early-success'
  | 'unexpected-answer'
  | 'foreign-page'
  | 'wrong-shape'
  | 'unsafe-address'
  | 'unknown';

/** What a system or undici error code says; the text of an error is never looked at. */
const FAULT_BY_CODE: Readonly<Record<string, Fault>> = {
  ENOTFOUND: 'dns-unknown',
  EAI_AGAIN: 'dns-failing',
  EAI_FAIL: 'dns-failing',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  EHOSTDOWN: 'refused',
  ENETDOWN: 'local',
  EADDRNOTAVAIL: 'local',
  EACCES: 'local',
  EPERM: 'local',
  ETIMEDOUT: 'connect-timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect-timeout',
  ECONNRESET: 'closed',
  ECONNABORTED: 'closed',
  EPIPE: 'closed',
  UND_ERR_SOCKET: 'closed',
  ERR_STREAM_PREMATURE_CLOSE: 'closed',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'two-lengths',
  UND_ERR_HEADERS_OVERFLOW: 'headers-too-large',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls-untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls-untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls-untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'tls-untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls-untrusted',
  CERT_UNTRUSTED: 'tls-untrusted',
  CERT_REVOKED: 'tls-untrusted',
  CERT_REJECTED: 'tls-untrusted',
  CERT_SIGNATURE_FAILURE: 'tls-untrusted',
  CERT_CHAIN_TOO_LONG: 'tls-untrusted',
  INVALID_CA: 'tls-untrusted',
  INVALID_PURPOSE: 'tls-untrusted',
  PATH_LENGTH_EXCEEDED: 'tls-untrusted',
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: 'tls-untrusted',
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: 'tls-untrusted',
  ERROR_IN_CERT_NOT_BEFORE_FIELD: 'tls-time',
  ERROR_IN_CERT_NOT_AFTER_FIELD: 'tls-time',
  HOSTNAME_MISMATCH: 'tls-name',
  CERT_HAS_EXPIRED: 'tls-time',
  CERT_NOT_YET_VALID: 'tls-time',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls-name',
  EPROTO: 'tls',
};

export function faultOf(error: unknown): Fault {
  const code = errorCode(error) ?? '';
  const known = FAULT_BY_CODE[code];
  if (known !== undefined) return known;
  // undici's parser error has a code only where llhttp gave one.
  const isParserError = error instanceof Error && error.name === 'HTTPParserError';
  if (code.startsWith('HPE_') || isParserError) return 'not-http';
  if (code.startsWith('ERR_SSL_')) return 'tls';
  return 'unknown';
}

/** Plain words for a fault: why it failed. `error` is what the system or undici said. */
export function describeFault(fault: Fault, host: string, error?: unknown): string {
  const words: Partial<Record<Fault, string>> = {
    'dns-unknown': `DNS has no address for ${host}`,
    'dns-failing': `DNS temporarily failing for ${host}`,
    refused: `${host} refused the connection`,
    'connect-timeout': `no connection in ${CONNECT_TIMEOUT_MS / 1000} s`,
    local: `this machine blocks connections to ${host} (${codeOf(error)})`,
    closed: 'connection closed',
    'cut-short': 'response cut short',
    'tls-untrusted': 'its certificate is not signed by a CA that this machine trusts',
    'tls-time': 'its certificate is expired or not yet valid',
    tls: 'the TLS handshake failed',
    'not-http': 'not an HTTP response',
    'two-lengths': 'not an HTTP response that can be read: it has two lengths',
    'headers-too-large': 'its response headers are too large',
  };
  return (
    WORDS_BY_CODE[codeOf(error)] ??
    words[fault] ??
    `the connection failed for a reason that is not known (${codeOf(error)})`
  );
}

/** Where the code says more than the fault. OpenSSL calls what is no TLS at all a wrong version number. */
const WORDS_BY_CODE: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS (https) on this port',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS (https) on this port',
  ERR_SSL_HTTP_REQUEST: 'it does not speak TLS (https) on this port',
};

/** Nothing but a code: the text of an error may quote what it is about. */
function codeOf(error: unknown): string {
  return /^\w{1,60}$/.exec(errorCode(error) ?? '')?.[0] ?? 'no code';
}
