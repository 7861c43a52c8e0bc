package redis

// Waiting is how many requests wait until the batch under way has ended, at all addresses, for the
// tests of what one sees from outside.
func (c *Client) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, l := range c.lines {
		l.mu.Lock()
		n += len(l.waiting)
		l.mu.Unlock()
	}
	return n
}
