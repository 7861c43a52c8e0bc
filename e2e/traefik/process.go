package traefik

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
)

// stopTimeout is how long Traefik may take to end by itself. Its entrypoints
// give open connections one second; the rest is for a busy machine.
const stopTimeout = 30 * time.Second

// launch starts the process with all its output in the log file. The system ends
// it when this process ends in any way.
func (s *Server) launch(program string, options Options) error {
	log, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("traefik: %w", err)
	}

	s.cmd = exec.Command(program, "--configFile="+s.staticFile())
	s.cmd.Dir = s.dir
	s.cmd.Env = environment(options.Env)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.exited, err = ending.Start(s.cmd)
	_ = log.Close()
	if err != nil {
		return fmt.Errorf("traefik: starting %s: %w", filepath.Base(program), err)
	}
	// Where the system does not tie it to this process, a signal has to.
	s.forget = ending.OnSignal(func() {
		_ = s.cmd.Process.Kill()
		<-s.exited
	})

	return nil
}

// environment holds little, so that a developer's settings (proxies, variables
// that the plugin reads) do not change what a test sees.
func environment(more []string) []string {
	env := []string{"PATH=" + os.Getenv("PATH")}
	if home := os.Getenv("HOME"); home != "" {
		env = append(env, "HOME="+home)
	}

	return append(env, more...)
}

// Stop ends Traefik and removes its working directory: politely first, then by
// force. It is an error if Traefik had ended before, or did not end politely.
// Further calls give the same answer.
func (s *Server) Stop() error {
	s.stopping.Do(func() {
		s.stopped = s.stop()
		s.client.CloseIdleConnections()
		s.forget()
		s.remove()
		s.release()
	})

	return s.stopped
}

func (s *Server) stop() error {
	if err := s.Died(); err != nil {
		return err
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("traefik: stopping: %w", err)
	}

	select {
	case <-s.exited:
		return nil
	case <-time.After(stopTimeout):
	}

	_ = s.cmd.Process.Kill()
	<-s.exited

	return fmt.Errorf("traefik: had to be killed after %s", stopTimeout)
}

// starting is an error once the start is not wanted any more.
func (s *Server) starting() error {
	if s.running.Load() {
		return nil
	}

	return s.starts.Err()
}

// Died is an error that quotes the log's end once the process has ended.
func (s *Server) Died() error {
	select {
	case <-s.exited:
	default:
		return nil
	}

	end := s.logEnd()
	if strings.Contains(end, "address already in use") {
		return fmt.Errorf("%w\n%s", errPortTaken, end)
	}

	return fmt.Errorf("traefik: ended by itself (%v); its last lines:\n%s", s.cmd.ProcessState, end)
}

// PID is Traefik's process id.
func (s *Server) PID() int { return s.cmd.Process.Pid }
