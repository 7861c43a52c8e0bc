package redis

import (
	"context"
	"errors"
	"sync"
	"time"
)

// What Sentinels may say that is of no use.
var (
	errUnknownMaster = errors.New("redis: the Sentinel knows no server by this name")
	errReplica       = errors.New("redis: the Sentinel named a server that is a replica")
)

// sentinels find the server that takes writes, which they may replace at any time. They
// are asked for every new connection, and about an old one, over one that is closed at once.
type sentinels struct {
	dialer *dialer
	now    func() time.Time

	mu    sync.Mutex
	first int // the one that is asked first
}

// open opens a connection to the server that is the master, as it says itself: a Sentinel
// may not know yet.
func (s *sentinels) open(ctx context.Context) (*connection, error) {
	address, err := s.master(ctx)
	if err != nil {
		return nil, err
	}
	c, replies, err := s.dialer.server(ctx, address, [][]string{{"ROLE"}})
	if err == nil && !isMaster(replies[len(replies)-1]) {
		c.close()
		err = errReplica
	}
	if err != nil {
		s.prefer(1) // the next one may know better
		return nil, err
	}
	c.checked = s.now()
	return c, nil
}

// still tells whether a connection leads to the master. One that was replaced in order
// goes on taking writes for ten seconds, all of which are lost. Where no Sentinel answers,
// it is.
func (s *sentinels) still(ctx context.Context, c *connection) bool {
	now := s.now()
	if now.Sub(c.checked) < checkAfter {
		return true
	}
	c.checked = now
	address, err := s.master(ctx)
	return err != nil || address == c.address
}

func isMaster(role *Reply) bool {
	return len(role.Items) > 0 && role.Items[0].Kind == Bulk && role.Items[0].Text == "master"
}

// master asks one Sentinel after the other. Each gets a part of the time, so that those
// that are gone leave enough for the rest, and for the server.
func (s *sentinels) master(ctx context.Context) (string, error) {
	addresses := s.dialer.options.Endpoints
	part := s.dialer.options.Timeout / time.Duration(len(addresses)+1)
	first := s.prefer(0)
	failed := errUnknownMaster
	for i := range addresses {
		address, err := s.ask(ctx, addresses[(first+i)%len(addresses)], part)
		if err == nil {
			s.prefer(i)
			return address, nil
		}
		failed = err
	}
	return "", failed
}

// prefer moves on by so many Sentinels, and returns which one is now asked first.
func (s *sentinels) prefer(by int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first = (s.first + by) % len(s.dialer.options.Endpoints)
	return s.first
}

// ask asks one Sentinel; with the password, if it requires one.
func (s *sentinels) ask(ctx context.Context, address string, limit time.Duration) (string, error) {
	own, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c, _, err := s.dialer.open(own, address, nil)
	if err != nil {
		return "", err
	}
	defer c.close()
	deadline, _ := own.Deadline()
	question := []string{"SENTINEL", "get-master-addr-by-name", s.dialer.options.Master}
	replies, err := c.ask(deadline, [][]string{question})
	if errors.Is(err, errNoAuth) && s.dialer.options.Password != "" {
		replies, err = c.ask(deadline, [][]string{s.dialer.auth(), question})
	}
	if err != nil {
		return "", err
	}
	last := replies[len(replies)-1]
	if last.Kind == Failed {
		return "", refused(last)
	}
	if last.Kind == Absent || !areValues(last.Items, 2) {
		return "", errUnknownMaster
	}
	named := addressOf(last.Items[0].Text, last.Items[1].Text)
	if named == "" {
		return "", errUnknownMaster
	}
	return named, nil
}
