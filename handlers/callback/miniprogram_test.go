package callback

import (
	"database/sql"
	"testing"

	"tongxing/core"
	"tongxing/store"
	"tongxing/wechat/simulator"
)

// count returns what a query counts.
func (s *site) count(query string, args ...any) (n int) {
	s.t.Helper()
	db, err := sql.Open("sqlite", s.path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(query, args...).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// run changes the database behind the server's back.
func (s *site) run(query string, args ...any) {
	s.t.Helper()
	db, err := sql.Open("sqlite", s.path)
	if err == nil {
		_, err = db.Exec(query, args...)
		db.Close()
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// grants returns how many messages of a template somebody agreed to get.
func (s *site) grants(person, template string) int {
	s.t.Helper()
	return s.count(`
		SELECT COALESCE(SUM(n), 0)
		FROM message_grant
		WHERE app_id = ?
		AND open_id = ?
		AND template_id = ?`, miniApp, s.sim.OpenID(person, miniApp), template)
}

// TestMiniProgramGrants: what people accept in the mini-program is counted, once each time, in both formats; what
// they reject is not; a failure is made good by WeChat's next attempt; nothing invalid counts.
func TestMiniProgramGrants(t *testing.T) {
	for _, app := range []string{plainApp, sealedApp} { // XML and JSON
		s := newSite(t, app)
		if err := s.sim.CheckCallback(t.Context(), miniApp); err != nil {
			t.Error(err)
		}
		for n := 1; n <= 2; n++ {
			if err := s.sim.AnswerPrompt("zhou", miniApp, map[string]bool{"T1": true, "T2": false, "T3": n == 2}); err != nil {
				t.Fatal(err)
			}
			s.idle()
			if got := [3]int{s.grants("zhou", "T1"), s.grants("zhou", "T2"), s.grants("zhou", "T3")}; got != [3]int{n, 0, n - 1} {
				t.Errorf("%s: after %d answers %v", app, n, got)
			}
		}
		for _, kind := range simulator.HostileKinds {
			event := simulator.Event{Name: "subscribe_msg_popup_event",
				Lines: []simulator.SubscriptionLine{{Template: "T-" + string(kind), Status: "accept"}}}
			if _, err := s.sim.PushHostile(t.Context(), "zhou", miniApp, kind, event); err != nil {
				t.Fatal(kind, err)
			}
			want := 0
			if kind == simulator.Replay || kind == simulator.Duplicate {
				want = 1
			}
			if got := s.grants("zhou", "T-"+string(kind)); got != want {
				t.Errorf("%s: %d grants, want %d", kind, got, want)
			}
		}
		s.rename("message_grant", "message_grant_away")
		if err := s.sim.AnswerPrompt("new", miniApp, map[string]bool{"T1": true}); err != nil {
			t.Fatal(err)
		}
		s.idle()
		s.rename("message_grant_away", "message_grant")
		if got := s.grants("new", "T1"); got != 0 {
			t.Errorf("while the store failed: %d", got)
		}
		calls, failed := s.sim.Calls(), 0
		for _, c := range calls {
			if c.AppID == miniApp && c.Status == 500 {
				failed++
			}
		}
		if failed != 3 {
			t.Errorf("the failing store was asked %d times, want 3", failed)
		}
	}
}

// What a person switches off in the mini-program's settings is kept until they switch it on, and what became of a
// message is kept for it, in both formats.
func TestMiniProgramSwitchesAndOutcomes(t *testing.T) {
	for _, app := range []string{plainApp, sealedApp} { // XML and JSON
		s := newSite(t, app)
		for _, c := range []struct {
			on   bool
			want int
		}{{false, 1}, {false, 1}, {true, 0}, {true, 0}} {
			if err := s.sim.SwitchTemplate("zhou", miniApp, "T1", c.on); err != nil {
				t.Fatal(err)
			}
			s.idle()
			if n := s.count("SELECT COUNT(*) FROM message_optout WHERE app_id = ? AND open_id = ? AND template_id = 'T1'",
				miniApp, s.sim.OpenID("zhou", miniApp)); n != c.want {
				t.Errorf("%s: switched %t: %d refusals", app, c.on, n)
			}
		}
		if _, err := s.sim.PushHostile(t.Context(), "zhou", miniApp, simulator.Duplicate, simulator.Event{
			Name: "subscribe_msg_sent_event", Lines: []simulator.SubscriptionLine{
				{Template: "T1", MsgID: "71", Code: "0", Note: "success"}, {Template: "T1", MsgID: "72", Code: "43101", Note: "refuse"},
			},
		}); err != nil {
			t.Fatal(err)
		}
		s.idle()
		delivered := s.count("SELECT COUNT(*) FROM message_report WHERE app_id = ? AND platform_id = '71' AND state = 'delivered'", miniApp)
		refused := s.count("SELECT COUNT(*) FROM message_report WHERE app_id = ? AND platform_id = '72' AND reason = 'no_grant'", miniApp)
		if delivered != 1 || refused != 1 {
			t.Errorf("%s: %d delivered and %d refused", app, delivered, refused)
		}
	}
}

// A mini-program of the console pushes to a path with its id; of another id nothing is taken.
func TestMiniProgramOfTheConsole(t *testing.T) {
	s := newSite(t, sealedApp)
	for id, want := range map[string]int{"7": 1, "8": 0, "x": 0} {
		call := simulator.Callback{URL: s.addr + MiniPath + "/" + id, Token: "tok", AESKey: aesKey}
		err := s.sim.SetCallback(t.Context(), miniApp, call)
		if (err == nil) != (want == 1) {
			t.Errorf("%s: the check says %v", id, err)
		}
		if want == 0 {
			continue
		}
		if err := s.sim.AnswerPrompt("zhou", miniApp, map[string]bool{"T7": true}); err != nil {
			t.Fatal(err)
		}
		s.idle()
		if got := s.grants("zhou", "T7"); got != want {
			t.Errorf("%d grants", got)
		}
	}
}

// A follow is in the list of followers at once, and its end too.
func TestFollowIsListed(t *testing.T) {
	both(t, func(t *testing.T, s *site) {
		s.connect(t)
		follows := func(left bool) (n int) {
			t.Helper()
			filter := store.FollowerFilter{AppID: s.appID, Left: left, Page: store.Page{Limit: 5, Total: &n}}
			if _, _, err := s.Store.Followers(t.Context(), core.Everywhere, filter); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if err := s.sim.Follow("new", s.appID); err != nil {
			t.Fatal(err)
		}
		s.idle()
		if in, out := follows(false), follows(true); in != 1 || out != 0 {
			t.Errorf("%d follow, %d left", in, out)
		}
		if err := s.sim.Unfollow("new", s.appID); err != nil {
			t.Fatal(err)
		}
		s.idle()
		if in, out := follows(false), follows(true); in != 0 || out != 1 {
			t.Errorf("%d follow, %d left", in, out)
		}
	})
}

// What is rightly addressed but not acted on is noted for the account's page, with what is wrong.
func TestWhatIsNotActedOnIsNoted(t *testing.T) {
	s := newSite(t, plainApp)
	s.run(`
		INSERT INTO wechat_app (id, kind, name, app_id, agent_id, secret_cipher, contact_cipher, token_cipher, aes_key_cipher,
			all_communities, refusal, problem, created_at, updated_at)
		VALUES (7, 'mini', '通行', ?, 0, '', '', '', '', 1, '', '', 0, 0)`, miniApp)
	pushes := simulator.Callback{URL: s.addr + MiniPath + "/7", Token: "tok", AESKey: aesKey}
	if err := s.sim.SetCallback(t.Context(), miniApp, pushes); err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[simulator.Hostile]core.WechatRefusal{
		simulator.BadSignature: core.RefusedSignature, simulator.PlainBody: core.RefusedPlain,
		simulator.OldTimestamp: core.RefusedClock, simulator.TruncatedBase64: core.RefusedSealed,
	} {
		event := simulator.Event{Name: "subscribe_msg_popup_event"}
		if _, err := s.sim.PushHostile(t.Context(), "zhou", miniApp, kind, event); err != nil {
			t.Fatal(kind, err)
		}
		noted := func() int {
			return s.count("SELECT COUNT(*) FROM wechat_app WHERE refusal = ? AND refused_at IS NOT NULL", string(want))
		}
		if noted() != 1 {
			t.Errorf("%s is not noted as %s", kind, want)
		}
		// Another of the same minute writes nothing, though the account in memory is as it was.
		s.run("UPDATE wechat_app SET refusal = ''")
		if _, err := s.sim.PushHostile(t.Context(), "zhou", miniApp, kind, event); err != nil || noted() != 0 {
			t.Errorf("%s: %d noted again, %v", kind, noted(), err)
		}
	}
}
