package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// arrivalsTold returns how often each title of a message of visitors was written.
func arrivalsTold(t *testing.T, s *Store) map[string]int {
	t.Helper()
	list, _, err := s.Messages(t.Context(), everywhere, core.MessageFilter{Kind: core.MessageVisitor}, Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]int{}
	for _, m := range list {
		told[m.Link+" "+m.Title]++
	}
	return told
}

// However many servers tell of those who came in, at once and in small parts, the host is told of each entry once, and by which
// gate it was.
func TestServersTellOfEachArrivalOnce(t *testing.T) {
	eachPair(t, func(t *testing.T, one, two *Store, _ *testClock) {
		p := newVisitSite(t, one)
		const n = 12
		want := map[string]int{}
		for i := range n {
			own := p.invite(t, one, func(v *core.VisitorPass) { v.Phone = fmt.Sprintf("137%08d", i+1) })
			want["visitorpass/"+own.ID.String()+" 到 "+own.HouseLabel+" 的访客已从 "+p.gate(t, one)+" 进门"] = 1
			if d := mustScan(t, one, p.scan(own.Pass, core.In, i)); !d.Allowed {
				t.Fatal(d)
			}
		}
		if told := arrivalsTold(t, one); len(told) != 0 {
			t.Errorf("within the scan: %v", told)
		}
		var servers sync.WaitGroup
		for _, s := range []*Store{one, two, one, two} {
			servers.Go(func() {
				for seen := 1; seen > 0; {
					var err error
					if seen, err = s.TellOfArrivals(t.Context(), 5); err != nil {
						t.Error(err)
					}
				}
			})
		}
		servers.Wait()
		if told := arrivalsTold(t, two); fmt.Sprint(told) != fmt.Sprint(want) {
			t.Errorf("told %v\nwant %v", told, want)
		}
	})
}

// gate returns the name that records have of the site's post.
func (p visitSite) gate(t *testing.T, s *Store) string {
	t.Helper()
	post, err := s.GuardPost(t.Context(), everywhere, p.post)
	if err != nil {
		t.Fatal(err)
	}
	return post.Name
}

// A server that ends before its commit has told nobody, and the next one tells; the message is news from the entry on, not
// from then.
func TestArrivalIsToldAfterAServerHasEnded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		clock := newTestClock()
		ended := errors.New("the server ended")
		dies := true
		o.Now, o.beforeCommit = clock.Now, func(op string) error {
			if op == "tell of visitors" && dies {
				return ended
			}
			return nil
		}
		s := openStore(t, o)
		p := newVisitSite(t, s)
		own := p.invite(t, s, nil)
		if d := mustScan(t, s, p.scan(own.Pass, core.In, 1)); !d.Allowed {
			t.Fatal(d)
		}
		entered := clock.Now()
		if _, err := s.TellOfArrivals(t.Context(), 10); !errors.Is(err, ended) {
			t.Fatalf("%v", err)
		}
		if told := arrivalsTold(t, s); len(told) != 0 {
			t.Errorf("half of it was kept: %v", told)
		}
		dies = false
		clock.Add(2 * time.Hour)
		tellArrived(t, s)
		list, _, err := s.Messages(t.Context(), everywhere, core.MessageFilter{Kind: core.MessageVisitor}, Page{Limit: 10})
		if err != nil || len(list) != 1 || !list[0].Expires.Equal(entered.Add(core.MessageVisitor.Type().Life)) {
			t.Errorf("%+v, %v", list, err)
		}
		if seen, err := s.TellOfArrivals(t.Context(), 10); seen != 0 || err != nil {
			t.Errorf("%d are told of again, %v", seen, err)
		}
	})
}

// A host who has moved out since is not told, and the entry is crossed off all the same.
func TestWhoHasMovedOutIsToldOfNoArrival(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		own := p.invite(t, s, nil)
		if d := mustScan(t, s, p.scan(own.Pass, core.In, 1)); !d.Allowed {
			t.Fatal(d)
		}
		if err := s.MoveOut(t.Context(), core.System, everywhere, own.HostTie); err != nil {
			t.Fatal(err)
		}
		tellArrived(t, s)
		if told := arrivalsTold(t, s); len(told) != 0 {
			t.Errorf("told: %v", told)
		}
	})
}
