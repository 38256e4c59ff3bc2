package desk

import (
	"context"
	"errors"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
	"tongxing/wechat"
)

// Passages creates n records of an estate, one a minute, the newest now: out through the first
// door, in at the post, every third refused.
func (d *Desk) Passages(t *testing.T, e *estate.Estate, n int) []core.AccessRecord {
	t.Helper()
	now := d.Store.Now()
	records := make([]core.AccessRecord, n)
	for i := range records {
		who := e.Residents[i%len(e.Residents)]
		r := core.AccessRecord{
			Community: e.Community, At: now.Add(-time.Duration(n-i) * time.Minute), Via: core.ViaReader,
			Reader: e.Doors[0].ID, Gate: "东门", ReleasedBy: e.Doors[0].Name,
			Direction: core.Out, Kind: core.PassResident, Pass: who.Pass, Person: who.Person, Resident: who.ID,
			House: who.House, Name: who.Name, HouseLabel: "1栋1单元101",
			Allowed: true, Reason: core.ReasonAllowed, TempTenths: 365,
		}
		if i%2 == 1 {
			r.Via, r.Reader, r.Post, r.Guard, r.Gate, r.ReleasedBy, r.Direction = core.ViaGuard, 0, e.Post, e.Guard, "东门岗", "李师傅", core.In
		}
		if i%3 == 2 {
			r.Allowed, r.Reason = false, core.ReasonCount
		}
		records[i] = r
	}
	records[0].Name, records[0].HouseLabel = HostileCell, `<b>1栋</b>`
	if err := d.Store.ImportAccessRecords(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	return records
}

// AccountFilterOf returns the filter of a search for accounts.
func AccountFilterOf(keyword string) store.AccountFilter {
	return store.AccountFilter{Keyword: keyword, Page: store.Page{Limit: 50}}
}

// Fevers creates n alerts of an estate: passages refused for temperature.
func (d *Desk) Fevers(t *testing.T, e *estate.Estate, n int) []core.AccessAlert {
	t.Helper()
	var records []core.AccessRecord
	for i := range n {
		records = append(records, core.AccessRecord{
			Community: e.Community, At: d.Store.Now().Add(-time.Duration(i+1) * time.Second),
			Via: core.ViaGuard, Post: e.Post, Gate: "东门岗", Direction: core.In,
			Kind: core.PassResident, Name: Hostile, HouseLabel: "1栋101", Reason: core.ReasonFever, TempTenths: 381,
		})
	}
	if err := d.Store.ImportAccessRecords(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	if err := d.Store.RaiseAccessAlerts(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, _, err := d.Store.AccessAlerts(t.Context(), core.ScopeOf(e.Community), core.AccessAlertFilter{}, store.Page{Limit: 50})
	if err != nil || len(list) != n {
		t.Fatalf("%d alerts, %v", len(list), err)
	}
	return list
}

// Rename changes a community's name as by.
func (d *Desk) Rename(t *testing.T, community core.ID, by core.Actor, name string) core.AuditRecord {
	t.Helper()
	c, err := d.Store.Community(t.Context(), core.Everywhere, community)
	if err != nil {
		t.Fatal(err)
	}
	c.Name = name
	if _, err := d.Store.UpdateCommunity(t.Context(), by, core.Everywhere, c); err != nil {
		t.Fatal(err)
	}
	list, _, err := d.Store.AuditRecords(
		t.Context(), core.ScopeOf(community), core.AuditFilter{Action: "community.update"},
		store.Page{Limit: 1},
	)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d lines, %v", len(list), err)
	}
	return list[0]
}

// GuardPost loads a guard post.
func (d *Desk) GuardPost(t *testing.T, id core.ID) core.GuardPost {
	t.Helper()
	post, err := d.Store.GuardPost(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return post
}

// Guard loads a guard.
func (d *Desk) Guard(t *testing.T, id core.ID) core.Guard {
	t.Helper()
	g, err := d.Store.Guard(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Wechat is an official account and a mini-program: it remembers the scenes of the QR codes.
type Wechat struct {
	Scenes []string
	Err    error
	Tried  error // what a call with any keys comes to
	Fault  error // with which verification files are answered; nil = as they should be
	// Officials are clients of official accounts, by WeChat's ids of them.
	Officials map[string]*wechat.OfficialAccount
	// Minis are likewise, of mini-programs.
	Minis map[string]*wechat.MiniProgram
	Corps bool // a company on WeWork is in use
	Some  bool // the official accounts are of some communities alone
	// Own are WeChat's ids of the official accounts of communities.
	Own map[core.ID]string
}

// OfficialFor implements frame.Wechat: the account of a single community, otherwise that of all.
func (s *Wechat) OfficialFor(_ context.Context, communities core.Scope) string {
	if ids := communities.Communities(); len(ids) == 1 && s.Own[ids[0]] != "" {
		return s.Own[ids[0]]
	}
	if s.Some {
		return ""
	}
	return "wx00000000000000d1"
}

// VerifyFile implements frame.Wechat.
func (s *Wechat) VerifyFile(context.Context, string, string) error { return s.Fault }

// HasOfficials implements frame.Wechat.
func (s *Wechat) HasOfficials() bool { return true }

// Quota implements frame.Wechat: for the official accounts.
func (s *Wechat) Quota(ctx context.Context, appID, path string) (wechat.Quota, error) {
	if official := s.Officials[appID]; official != nil {
		return official.Quota(ctx, path)
	}
	return wechat.Quota{}, errors.New("no account of the desk")
}

// HasCorps implements frame.Wechat.
func (s *Wechat) HasCorps() bool { return s.Corps }

// Official implements frame.Wechat.
func (s *Wechat) Official(appID string) *wechat.OfficialAccount { return s.Officials[appID] }

// MiniProgram implements frame.Wechat.
func (s *Wechat) MiniProgram(appID string) *wechat.MiniProgram { return s.Minis[appID] }

// Has implements frame.Wechat.
func (s *Wechat) Has(kind core.WechatAppKind) bool { return kind != core.WechatOfficial || !s.Some }

// Try implements frame.Wechat.
func (s *Wechat) Try(context.Context, string) error { return s.Tried }

// MiniCode implements frame.Wechat.
func (s *Wechat) MiniCode(_ context.Context, community core.ID, scene string) ([]byte, error) {
	return []byte("\xff\xd8 of " + scene + " for " + community.String()), s.Err
}

// TemporaryQR implements frame.Wechat.
func (s *Wechat) TemporaryQR(_ context.Context, appID, scene string, life time.Duration) (string, error) {
	if life != 10*time.Minute {
		return "", errors.New("not ten minutes")
	}
	s.Scenes = append(s.Scenes, scene)
	return "http://weixin.qq.com/q/02abc" + appID, s.Err
}

// Houses returns the number of houses of Mine.
func (d *Desk) Houses(t *testing.T) int {
	t.Helper()
	houses, _, err := d.Store.Houses(t.Context(), core.Everywhere, store.HouseFilter{
		Community: d.Mine.Community, Page: store.Page{Limit: 500},
	})
	if err != nil {
		t.Fatal(err)
	}
	return len(houses)
}

// Observer loads an observer.
func (d *Desk) Observer(t *testing.T, id core.ID) core.Observer {
	t.Helper()
	o, err := d.Store.Observer(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// Rule loads the pass rule of Mine.
func (d *Desk) Rule(t *testing.T) store.PassRule {
	t.Helper()
	rule, err := d.Store.PassRule(t.Context(), core.Everywhere, d.Mine.Community)
	if err != nil {
		t.Fatal(err)
	}
	return rule
}

// Reader loads a reader.
func (d *Desk) Reader(t *testing.T, id core.ID) core.Reader {
	t.Helper()
	r, err := d.Store.Reader(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Readers loads all readers.
func (d *Desk) Readers(t *testing.T) []core.Reader {
	t.Helper()
	list, _, err := d.Store.Readers(t.Context(), core.Everywhere, store.ReaderFilter{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// HouseLabel returns the label of a house.
func HouseLabel(t *testing.T, d *Desk, id core.ID) string {
	t.Helper()
	house, err := d.Store.House(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return house.Label
}

// Lives reports whether a resident has not moved out.
func (d *Desk) Lives(t *testing.T, id core.ID) bool {
	t.Helper()
	r, err := d.Store.Resident(t.Context(), core.Everywhere, id)
	if err != nil && !core.IsNotFound(err) {
		t.Fatal(err)
	}
	return err == nil && r.MovedOut.IsZero()
}

// Exported returns the audit log's rows about exports, newest first.
func (d *Desk) Exported(t *testing.T, action string) []core.AuditRecord {
	t.Helper()
	lines, _, err := d.Store.AuditRecords(t.Context(), core.Everywhere, core.AuditFilter{Action: action}, store.Page{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// PickOf returns the text that a picker shows for a resident.
func (d *Desk) PickOf(t *testing.T, person core.ID) string {
	t.Helper()
	pick, err := d.Store.PersonPick(t.Context(), core.Everywhere, 0, person)
	if err != nil {
		t.Fatal(err)
	}
	return pick.Text()
}

// Restrictions loads the restrictions of Mine.
func (d *Desk) Restrictions(t *testing.T) []store.RestrictedHouse {
	t.Helper()
	list, _, err := d.Store.Restrictions(t.Context(), core.Everywhere, store.RestrictionFilter{
		Community: d.Mine.Community, Page: store.Page{Limit: 9},
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// WechatOf binds a new WeChat user to an account.
func (d *Desk) WechatOf(t *testing.T, account core.ID) core.Actor {
	t.Helper()
	user, err := d.Store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx", OpenID: account.String()})
	if err != nil {
		t.Fatal(err)
	}
	return core.Actor{Kind: core.ActorWechat, ID: user.ID}
}
