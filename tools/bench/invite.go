package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"tongxing/core"
)

const (
	inviteName    = "王建国"
	minInviteRate = 0.7 // of the floor's rate
	maxInviteP99  = 1.5 // of the floor's
)

// invites measures visitor passes that residents create through the API, beside a handler that inserts the same rows.
func (b *bench) invites() error {
	fmt.Printf("\nVisitor passes through the API (medians of %d rounds; goal: %.1f× of the floor's rate, p99 at most %.1f×)\n",
		b.rounds, minInviteRate, maxInviteP99)
	for _, maria := range []bool{true, false} {
		contests, err := b.inviteContests(maria)
		if err != nil {
			return err
		}
		printContests(map[bool]string{true: "MariaDB + Redis", false: "embedded pair"}[maria], contests)
	}
	return nil
}

func (b *bench) inviteContests(maria bool) ([]contest, error) {
	s, err := b.newSite(context.Background(), "invite", maria)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	var contests []contest
	next := 0
	for _, conns := range []int{1, 16} {
		c := contest{conns: conns}
		for round := range b.rounds + 1 {
			n := max(200, 60*conns)
			if err := s.askForms(next, n); err != nil {
				return nil, err
			}
			turns := []func() error{
				func() error { return s.invite(&c, next, n) },
				func() error { return s.inviteFloor(conns, "/invite", next, n, &c.floor) },
				func() error { return s.inviteFloor(conns, "/invite-lower", next, n, &c.lower) },
			}
			if round%2 == 1 {
				slices.Reverse(turns)
			}
			for _, turn := range turns {
				if err := turn(); err != nil {
					return nil, err
				}
			}
			next += n
		}
		c.server, c.floor, c.lower = c.server[1:], c.floor[1:], c.lower[1:] // the first round warms up
		contests = append(contests, c)
	}
	return contests, nil
}

// askForms has residents ask what an invitation needs, as the mini-program does before it shows the form.
func (s *site) askForms(from, n int) error {
	requests := make([][]byte, n)
	for i := range requests {
		who := (from + i) % people
		requests[i] = request("GET", "/api/v1/visitor-form?house_id="+s.world.Residents[who].House.String(), "",
			"Authorization", "Bearer "+s.world.sessions[who])
	}
	_, err := load(s.server.addr, 4, requests, func(status int, _ []byte) bool { return status == http.StatusOK })
	return err
}

// invite lets residents, one after the other, invite a visitor each.
func (s *site) invite(c *contest, from, n int) error {
	until := time.Now().Add(4 * time.Hour).Format(time.RFC3339)
	requests := make([][]byte, n)
	for i := range requests {
		who := (from + i) % people
		body, err := json.Marshal(map[string]any{
			"house_id": s.world.Residents[who].House.String(), "name": inviteName, "phone": fmt.Sprintf("137%08d", from+i), "people": 2,
			"plate": "京A·12345", "reason": "做客", "until": until,
		})
		if err != nil {
			return err
		}
		requests[i] = request("POST", "/api/v1/visitors", string(body), "Authorization", "Bearer "+s.world.sessions[who],
			"Content-Type", "application/json", "Idempotency-Key", fmt.Sprintf("bench-%09d", from+i))
	}
	r, err := load(s.server.addr, c.conns, requests, func(status int, body []byte) bool {
		if status != http.StatusCreated {
			fmt.Println(status, string(body))
		}
		return status == http.StatusCreated
	})
	c.server = append(c.server, r)
	return err
}

// inviteFloor has the floor insert the rows of as many invitations.
func (s *site) inviteFloor(conns int, path string, from, n int, into *[]result) error {
	requests := make([][]byte, n)
	for i := range requests {
		requests[i] = request("POST", path, s.owners[(from+i)%people].String())
	}
	r, err := load(s.floor.addr, conns, requests, func(status int, _ []byte) bool { return status == http.StatusCreated })
	*into = append(*into, r)
	return err
}

// inviteGrams is how many rows of name_gram a visitor's name has.
var inviteGrams = len(core.NameGrams(inviteName, "WJG"))
