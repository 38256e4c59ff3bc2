package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"
)

// responses of the vguang family, which the floor uses too
const opened = "code=0000"

// site is a database and a cache with both contestants running on them.
type site struct {
	world  *world
	owners []whose // of the floor's tokens
	server *child
	floor  *child
	places [2]*place // of both
	scans  int       // by each contestant so far; the floor counts as two
}

func (b *bench) newSite(ctx context.Context, part string, maria bool) (*site, error) {
	s := &site{}
	for i, name := range []string{"product", "floor"} {
		p, err := b.newPlace(part+name, maria)
		if err != nil {
			return nil, err
		}
		if maria {
			p.redis = redisDB(b.redis.URL(), fmt.Sprint(i))
		}
		s.places[i] = p
	}
	var err error
	if s.world, err = newWorld(ctx, s.places[0]); err != nil {
		return nil, err
	}
	if s.owners, err = newFloor(ctx, s.places[1]); err != nil {
		return nil, err
	}
	if s.server, err = b.startServer(s.places[0]); err != nil {
		return nil, err
	}
	if s.floor, err = b.startFloor(s.places[1]); err != nil {
		s.server.stop()
		return nil, err
	}
	return s, nil
}

func (s *site) stop() {
	s.server.stop()
	s.floor.stop()
}

// contest is the results for a number of connections, by round.
type contest struct {
	conns                int
	server, floor, lower []result
}

// scans measures scans, and with them the tokens that they use up.
func (b *bench) scans(name string, maria bool) error {
	ctx := context.Background()
	s, err := b.newSite(ctx, "scan", maria)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.warm(); err != nil {
		return err
	}
	var contests []contest
	var tokens []result
	for _, conns := range []int{1, 16, 64} {
		c := contest{conns: conns}
		for round := range b.rounds {
			issued, err := s.round(&c, round)
			if err != nil {
				return err
			}
			tokens = append(tokens, issued)
		}
		contests = append(contests, c)
	}
	printContests("Scans, "+name, contests)
	if err := s.tokens(name, tokens); err != nil {
		return err
	}
	return s.check(ctx)
}

func (s *site) warm() error {
	c := contest{conns: 16}
	_, err := s.round(&c, 0)
	return err
}

// round has the contestants perform the same number of scans, alternating who is first.
func (s *site) round(c *contest, round int) (issued result, err error) {
	n := people
	if c.conns == 1 {
		n = people / 4
	}
	texts, issued, err := s.issue(n)
	if err != nil {
		return issued, err
	}
	names, err := s.floorTokens(2 * n)
	if err != nil {
		return issued, err
	}
	turns := []func() error{
		func() error { return s.scanServer(c, texts) },
		func() error { return s.scanFloor(c.conns, "/scan", names[:n], &c.floor) },
		func() error { return s.scanFloor(c.conns, "/lower", names[n:], &c.lower) },
	}
	if round%2 == 1 {
		slices.Reverse(turns)
	}
	for _, turn := range turns {
		if err := turn(); err != nil {
			return issued, err
		}
	}
	s.scans += n
	return issued, nil
}

// check verifies that both did the measured work: a record for every scan, an exit for every
// record.
func (s *site) check(ctx context.Context) error {
	for i, p := range s.places {
		db, err := openFloorDB(p.sqlite, p.dsn)
		if err != nil {
			return err
		}
		defer db.Close()
		var records, exits int
		if err := db.QueryRowContext(
			ctx, "SELECT COUNT(*) FROM access_record WHERE allowed = 1 AND counted = 1",
		).Scan(&records); err != nil {
			return err
		}
		if err := db.QueryRowContext(ctx, "SELECT COALESCE(SUM(version - 1), 0) FROM exit_tally").Scan(&exits); err != nil {
			return err
		}
		if scans := s.scans * (1 + i); records != scans || i == 1 && exits != 2*scans {
			return fmt.Errorf("contestant %d: %d scans made %d records and %d exits", i, scans, records, exits)
		}
	}
	return nil
}

func (s *site) scanServer(c *contest, texts []string) error {
	requests := make([][]byte, len(texts))
	for i, text := range texts {
		door := s.world.Doors[i%doors]
		body := "vgdecoderesult=" + text + "&&devicenumber=" + door.Serial + "&&otherparams="
		if door.Protocol == "mcardsea" {
			requests[i] = request(
				"GET",
				"/door/mcardsea/"+door.Secret+"?cardid="+text+"&mjihao=1&cjihao="+door.Serial+"&status=10&time="+
					fmt.Sprint(time.Now().Unix()),
				"",
			)
			continue
		}
		requests[i] = request("POST", "/door/vguang/"+door.Secret, body)
	}
	r, err := load(s.server.addr, c.conns, requests, isOpen)
	c.server = append(c.server, r)
	return err
}

// isOpen reports whether a response opens, in either family.
func isOpen(_ int, body []byte) bool {
	return string(body) == opened || bytes.Contains(body, []byte(`"status":1`))
}

func (s *site) scanFloor(conns int, path string, names []string, into *[]result) error {
	requests := make([][]byte, len(names))
	for i, name := range names {
		requests[i] = request("POST", path, name)
	}
	r, err := load(s.floor.addr, conns, requests, func(_ int, body []byte) bool { return string(body) == opened })
	*into = append(*into, r)
	return err
}

// issue requests a token for each of the first n people, as their phones do.
func (s *site) issue(n int) ([]string, result, error) {
	texts, r, err := s.issueDrawn(n, "")
	return texts, r, err
}

func (s *site) issueDrawn(n int, query string) ([]string, result, error) {
	requests := make([][]byte, n)
	for i := range requests {
		requests[i] = request("POST", "/api/v1/passes/"+s.world.Residents[i].Pass.String()+"/token"+query, "",
			"Authorization", "Bearer "+s.world.sessions[i], "Content-Type", "application/json")
	}
	var mu sync.Mutex
	var texts []string
	r, err := load(s.server.addr, 16, requests, func(status int, body []byte) bool {
		var answer struct{ Text string }
		if status != 201 || json.Unmarshal(body, &answer) != nil {
			return false
		}
		mu.Lock()
		texts = append(texts, answer.Text)
		mu.Unlock()
		return true
	})
	return texts, r, err
}

func (s *site) floorTokens(n int) ([]string, error) {
	var names []string
	var body []byte
	for i := range n {
		names = append(names, rand.Text())
		body = fmt.Appendln(body, names[i], s.owners[i%people])
	}
	_, err := load(s.floor.addr, 1, [][]byte{request("POST", "/tokens", string(body))}, func(status int, _ []byte) bool {
		return status == 200
	})
	return names, err
}

// tokens measures the cost of the phone's page: a token alone, and with its QR code.
func (s *site) tokens(name string, plain []result) error {
	fmt.Printf("\nTokens through the API, 16 connections, %s\n", name)
	fmt.Printf("%-14s %9s %10s %10s\n", "", "a second", "p50", "p99")
	printResult("token", median(plain))
	for _, kind := range []string{"svg", "png"} {
		var rs []result
		for range 3 {
			_, r, err := s.issueDrawn(people/2, "?image="+kind)
			if err != nil {
				return err
			}
			rs = append(rs, r)
		}
		printResult("token, QR "+kind, median(rs))
	}
	return nil
}
