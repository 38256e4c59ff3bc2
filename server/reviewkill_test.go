//go:build linux

package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// envReviewChild makes TestReviewChild a reviewer: the SQLite file, the DSN, and the account's id.
const envReviewChild = "TONGXING_TEST_REVIEW_CHILD"

// TestReviewChild is a server on which one reviewer decides whatever waits, for the test that kills it. By itself
// it tests nothing.
func TestReviewChild(t *testing.T) {
	at := strings.Split(os.Getenv(envReviewChild), "|")
	if len(at) != 3 {
		t.Skip("it is started by the test that kills it")
	}
	s, err := store.Open(t.Context(), store.Options{SQLitePath: at[0], MySQLDSN: at[1], Keys: estate.Keys()})
	if err != nil {
		t.Fatal(err)
	}
	id, err := core.ParseID(at[2])
	if err != nil {
		t.Fatal(err)
	}
	by := core.Actor{Kind: core.ActorAccount, ID: id, Name: "审核员 " + at[2]}
	fmt.Println("ready")
	for {
		waiting, _, err := s.Reviews(t.Context(), core.Everywhere, store.ReviewFilter{
			State: core.ReviewWaiting, Oldest: true, Page: store.Page{Limit: 20},
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(waiting) == 0 {
			fmt.Println("done")
			return
		}
		rand.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
		for _, r := range waiting {
			d := core.ReviewDecision{ID: r.ID, Version: r.Version, Approve: rand.IntN(2) == 0, Reason: "照片看不清"}
			if _, err := s.DecideReview(t.Context(), by, core.Everywhere, d); err != nil && !core.IsConflict(err) {
				t.Fatal(err)
			}
		}
	}
}

// inspections is a mailroom with applications that wait, and two reviewers.
type inspections struct {
	*mailroom
	reviewers []core.ID
}

func newInspections(t *testing.T, applications int, maria bool) *inspections {
	t.Helper()
	w := &inspections{mailroom: newMailroomAt(t, 1, maria, time.Now())}
	s := w.stores[0]
	// A house takes no more than twenty applications a day, a community two hundred an hour.
	const ofAHouse = 10
	var communities, houses []core.ID
	for _, name := range []string{"翠湖花园", "滨河苑"} {
		community, err := s.CreateCommunity(t.Context(), core.System, core.Community{Name: name, Levels: core.DefaultLevels()})
		if err != nil {
			t.Fatal(err)
		}
		var doors [][]string
		for i := range applications / ofAHouse / 2 {
			doors = append(doors, []string{"1", "1", fmt.Sprint(101 + i)})
		}
		made, err := s.CreateHouses(t.Context(), core.System, core.Everywhere, community, doors)
		if err != nil {
			t.Fatal(err)
		}
		communities, houses = append(communities, community), append(houses, made...)
	}
	for _, login := range []string{"reviewer-1", "reviewer-2"} {
		id, err := s.CreateAccount(t.Context(), core.SystemGranter, core.Account{
			Login: login, Name: "审核员", Role: core.RoleClerk, Scope: core.ScopeOf(communities...),
			Permissions: []core.Permission{core.PermResidentView, core.PermCertificationView, core.PermCertificationReview},
		}, "horse-battery-7")
		if err != nil {
			t.Fatal(err)
		}
		w.reviewers = append(w.reviewers, id)
	}
	for i := range applications {
		user, err := s.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx-mini", OpenID: fmt.Sprint("applicant", i)})
		if err == nil {
			_, err = s.BindPhone(t.Context(), user.ID, fmt.Sprintf("137%08d", i), "")
		}
		if err == nil {
			_, err = s.CreateCertification(t.Context(), core.Actor{Kind: core.ActorWechat, ID: user.ID}, user.ID,
				core.CertificationRequest{House: houses[i%len(houses)], Name: "王小明" + fmt.Sprint(i), Identity: core.Owner},
				store.RequestKey{Key: "application"})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// reviews starts a server's process on which an account decides, and waits until it works.
func (w *inspections) reviews(account core.ID) *exec.Cmd {
	w.t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestReviewChild$", "-test.timeout=10m")
	cmd.Env = append(os.Environ(), envReviewChild+"="+w.at.SQLitePath+"|"+w.at.MySQLDSN+"|"+account.String())
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "ready" {
			return cmd
		}
	}
	w.t.Fatalf("a server ended before it was ready: %v", cmd.Wait())
	return nil
}

func (w *inspections) count(query string) (n int) {
	w.t.Helper()
	if err := w.db.Get(w.t.Context(), &n, query); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// Servers are killed at random moments while their reviewers decide the same applications. Each is decided once:
// with one line in the log, one message to the applicant, and a resident if it was approved.
func TestReviewersAreKilledHalfWay(t *testing.T) {
	const applications = 300
	test := func(t *testing.T, maria bool, servers int) {
		w := newInspections(t, applications, maria)
		const waiting = "SELECT COUNT(*) FROM review WHERE state = 'waiting'"
		kills, halfWay := 0, 0
		end := time.Now().Add(3 * time.Minute)
		for left := applications; left > 0 && time.Now().Before(end); {
			cmds := make([]*exec.Cmd, servers)
			for i := range cmds {
				cmds[i] = w.reviews(w.reviewers[i])
			}
			few := left - 1 - rand.IntN(applications/8) // decided, and they are killed, wherever they are by then
			for ; left > max(few, 0) && time.Now().Before(end); left = w.count(waiting) {
			}
			for _, cmd := range cmds {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				kills++
			}
			if left = w.count(waiting); left > 0 && left < applications {
				halfWay++
			}
		}
		t.Logf("%d kills, %d of them half way", kills, halfWay)
		if halfWay == 0 {
			t.Error("no server was killed half way")
		}
		approved := w.count("SELECT COUNT(*) FROM review WHERE state = 'approved'")
		rejected := w.count("SELECT COUNT(*) FROM review WHERE state = 'rejected'")
		if approved+rejected != applications {
			t.Fatalf("%d approved and %d rejected of %d", approved, rejected, applications)
		}
		for what, c := range map[string]struct {
			query string
			want  int
		}{
			"lines of approving": {"SELECT COUNT(*) FROM audit_log WHERE action = 'certification.approve'", approved},
			"lines of rejecting": {"SELECT COUNT(*) FROM audit_log WHERE action = 'certification.reject'", rejected},
			"applications with a line": {
				"SELECT COUNT(DISTINCT target) FROM audit_log WHERE action IN ('certification.approve', 'certification.reject')",
				applications,
			},
			"messages to applicants": {"SELECT COUNT(*) FROM message WHERE kind = 'certification'", applications},
			"applicants who are told": {
				"SELECT COUNT(DISTINCT to_id) FROM message WHERE kind = 'certification'", applications,
			},
			"certified residents": {"SELECT COUNT(*) FROM resident WHERE certified_at IS NOT NULL", approved},
			"passes":              {"SELECT COUNT(*) FROM pass", approved},
			"decisions without a reviewer": {
				"SELECT COUNT(*) FROM review WHERE decided_by = 0 OR decider = '' OR decided_at IS NULL OR open_key IS NOT NULL", 0,
			},
		} {
			if got := w.count(c.query); got != c.want {
				t.Errorf("%d %s, want %d", got, what, c.want)
			}
		}
	}
	t.Run("SQLite", func(t *testing.T) { test(t, false, 1) })
	t.Run("MariaDB, two at once", func(t *testing.T) { test(t, true, 2) })
}
