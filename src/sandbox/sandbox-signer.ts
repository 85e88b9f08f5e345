/**
 * What stands in `META-INF` of a signed app and names its signer: a PKCS #7 message (RFC 2315) by a self-signed certificate `CN=apptool
 * sandbox`, whose key is gone. It signs none of the entries, so no device installs what holds it.
 */
export const SANDBOX_SIGNER = Buffer.from(
  [
    'MIICZAYJKoZIhvcNAQcCoIICVTCCAlECAQExDTALBglghkgBZQMEAgEwCwYJKoZIhvcNAQcBoIIBjzCCAYswggExoAMCAQICFDi8ReMlzNpnIl',
    'vE+o0pZEl9GHWtMAoGCCqGSM49BAMCMBoxGDAWBgNVBAMMD2FwcHRvb2wgc2FuZGJveDAgFw0yNjExMjIyMzE2MjVaGA8yMTI2MTAyOTIzMTYy',
    'NVowGjEYMBYGA1UEAwwPYXBwdG9vbCBzYW5kYm94MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAED81MF3X45WlXAFnQT0yvwORRF67Rzw506H',
    'FvrPl8sNJWg+k5HuAol7evOmzu+oxPXoIaPUwZRLTE637jew8aQqNTMFEwHQYDVR0OBBYEFIfO84xR9ZADZO4SYgbFNKxQdEFQMB8GA1UdIwQY',
    'MBaAFIfO84xR9ZADZO4SYgbFNKxQdEFQMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAMoJ11NZM5KdVHLS5MvS6XKysi0JhX',
    'F2Od0HHID55/3rAiBu8EnlIV3bplcs1n/gJlI3ee2vDGYhogi/yEwYoxITqjGBnDCBmQIBATAyMBoxGDAWBgNVBAMMD2FwcHRvb2wgc2FuZGJv',
    'eAIUOLxF4yXM2mciW8T6jSlkSX0Yda0wCwYJYIZIAWUDBAIBMAoGCCqGSM49BAMCBEcwRQIhAINkcHqyrNDEsby1jOTPMEzPVYNUKGYBixuQlc',
    '5VvNZBAiAvXa956aalm7bFTfLWauHRdFfIfHGMF+kBvmeHjGTGOg==',
  ].join(''),
  'base64',
);
