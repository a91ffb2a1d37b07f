/** A value that JSON can hold; positions and descriptions are kept in this form. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
