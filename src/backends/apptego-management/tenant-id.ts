/** 32 hexadecimal digits in the documentation's example; its form is not said. */
export const TENANT_ID = /^[A-Za-z0-9._-]{1,128}$/;
