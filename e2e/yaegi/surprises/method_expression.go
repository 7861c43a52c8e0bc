package surprises

import "fmt"

type counter struct{ n int }

func (c *counter) count() int { return c.n }

func countBy(get func(*counter) int) string { return fmt.Sprint(get(&counter{3})) }

// MethodExpression hands a method over with its receiver as a parameter.
func MethodExpression() string { return countBy((*counter).count) }
