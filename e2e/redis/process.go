package redis

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
)

// startTimeout is generous: a busy machine needs seconds for what takes milliseconds otherwise.
const startTimeout = 2 * time.Minute

// run starts the process and waits until it answers.
func (s *Server) run() error {
	process := exec.Command(s.program, filepath.Join(s.dir, "redis.conf"))
	process.Dir = s.dir
	ended, err := ending.Start(process)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.process, s.ended = process, ended
	s.mu.Unlock()
	for end := time.Now().Add(startTimeout); !s.answers(); time.Sleep(5 * time.Millisecond) {
		select {
		case <-ended:
			return fmt.Errorf("redis: it did not start\n%s", s.Log())
		default:
		}
		if time.Now().After(end) {
			return fmt.Errorf("redis: it does not answer\n%s", s.Log())
		}
	}
	return nil
}

// answers tells whether the server takes commands, or would from who has the password.
func (s *Server) answers() bool {
	conn, err := net.DialTimeout("tcp", s.Address(), time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	if s.trust != nil {
		conn = tls.Client(conn, s.TLS())
	}
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return false
	}
	reply := make([]byte, 64)
	n, _ := conn.Read(reply)
	return strings.HasPrefix(string(reply[:n]), "+PONG") || strings.HasPrefix(string(reply[:n]), "-NOAUTH")
}

// Kill ends the process at once, as kill -9 does.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

// Shutdown asks the process to end, and waits.
func (s *Server) Shutdown() { s.end(syscall.SIGTERM) }

func (s *Server) end(by syscall.Signal) {
	s.mu.Lock()
	process, ended := s.process, s.ended
	s.mu.Unlock()
	if process == nil {
		return
	}
	_ = process.Process.Signal(by)
	<-ended
}

// Pause stops the process without ending it (SIGSTOP): its connections stay open and
// nothing answers.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Continue ends a pause.
func (s *Server) Continue() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(what syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.process.Process.Signal(what)
}

// Restart starts the server again after Kill or Shutdown, at the same port.
func (s *Server) Restart() error { return s.run() }
