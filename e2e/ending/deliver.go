package ending

import (
	"os"
	"os/signal"
	"syscall"
)

// Deliver has the programs that this process starts hear the signals that end them. One
// that this process was started to ignore, by nohup or in the background of a shell, they
// would ignore too; until stop is called it is caught here, and a program that is started
// does not inherit that.
func Deliver() (stop func()) {
	caught := make(chan os.Signal, 1)
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM} {
		if signal.Ignored(s) {
			signal.Notify(caught, s)
		}
	}
	return func() { signal.Stop(caught) }
}
