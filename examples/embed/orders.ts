/** What a shop sells, order by order and without end. */
export function* orders() {
  const customers = ['ada', 'grace', 'edsger', 'barbara', 'donald'];
  for (let id = 1; ; id++) {
    yield { id, customer: customers[((id * 7_919) % 13) % customers.length] ?? 'unknown', cents: 500 + ((id * 7_919) % 4_500) };
  }
}
