declare const brand: unique symbol;
export type Address = string & { readonly [brand]: true };
