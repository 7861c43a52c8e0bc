package ending

import (
	"io"
	"os/signal"
	"syscall"
)

// Output is out for a program that would not end for long: once nothing can be
// written there any more, as in `make demo | head`, or in a terminal that was closed,
// stop is called. Such a write would end the process at once, in no order.
func Output(out io.Writer, stop func()) io.Writer {
	signal.Ignore(syscall.SIGPIPE)
	return output{out, stop}
}

type output struct {
	to   io.Writer
	stop func()
}

func (o output) Write(text []byte) (int, error) {
	n, err := o.to.Write(text)
	if err != nil {
		o.stop()
	}
	return n, err
}
