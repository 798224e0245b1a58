export function isNetwork(text: string): boolean {
  return text !== '';
}
