package wechat_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

// TestStandings: who has followed for long comes with their time, source, remark and tags, and has no phone.
func TestStandings(t *testing.T) {
	w := newWorld(t)
	w.sim.AddPerson(simulator.Person{Key: "fan", Distant: true, Follows: []string{officialApp}, Standing: simulator.Standing{
		Hours: 72, Scene: "ADD_SCENE_SEARCH", Remark: "业委会主任", Tags: []string{"业委会", "志愿者"}}})
	w.sim.AddPerson(simulator.Person{Key: "other", Follows: []string{officialApp}, Standing: simulator.Standing{Tags: []string{"志愿者"}}})
	got, err := w.official.Follower(t.Context(), w.sim.OpenID("fan", officialApp))
	if want := w.clock().AddDate(0, 0, -3).Unix(); err != nil || got.Since != want || got.Source != "ADD_SCENE_SEARCH" ||
		got.Remark != "业委会主任" || len(got.Tags) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	other, err := w.official.Follower(t.Context(), w.sim.OpenID("other", officialApp))
	if err != nil || !slices.Equal(other.Tags, got.Tags[1:]) || other.Source != "ADD_SCENE_QR_CODE" {
		t.Errorf("%+v, %v", other, err)
	}
	page := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	request.RemoteAddr = "127.0.0.1:1"
	w.sim.ServeHTTP(page, request)
	if body := page.Body.String(); !strings.Contains(body, "/phone/other") || strings.Contains(body, "/phone/fan") {
		t.Error("the phones are others:", body)
	}
}

// TestFollowers: what the account knows about people, and what it calls them.
func TestFollowers(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	code, err := w.official.TemporaryCode(ctx, "gate_7", 60e9)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.sim.Scan("zhang", code.URL); err != nil {
		t.Fatal(err)
	}
	zhang, stranger := w.sim.OpenID("zhang", officialApp), w.sim.OpenID("risky", officialApp)
	if err := w.official.SetRemark(ctx, zhang, "3 栋张先生"); err != nil {
		t.Fatal(err)
	}
	want := []wechat.Follower{
		{OpenID: zhang, UnionID: w.sim.UnionID("zhang"), Follows: 1, Since: w.clock().Unix(), Remark: "3 栋张先生", Tags: []int{},
			Source: "ADD_SCENE_QR_CODE", Scene: "gate_7"},
		{OpenID: stranger},
	}
	if got, err := w.official.Followers(ctx, []string{zhang, stranger}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := w.official.Follower(ctx, zhang); err != nil || !reflect.DeepEqual(got, want[0]) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := w.official.SetRemark(ctx, stranger, "x"); wechat.CodeOf(err) != 46004 {
		t.Errorf("a stranger's remark: %v", err)
	}
	if _, err := w.official.Followers(ctx, []string{zhang, w.sim.OpenID("zhang",
		miniApp)}); wechat.CodeOf(err) != 40003 {
		t.Errorf("somebody of another account: %v", err)
	}
	for name, err := range map[string]error{
		"nobody":     discard(w.official.Followers(ctx, nil)),
		"101":        discard(w.official.Followers(ctx, slices.Repeat([]string{zhang}, 101))),
		"an empty":   discard(w.official.Followers(ctx, []string{""})),
		"51 to tag":  w.official.TagPeople(ctx, 100, slices.Repeat([]string{zhang}, 51)),
		"51 to free": w.official.UntagPeople(ctx, 100, slices.Repeat([]string{zhang}, 51)),
		"a long one": w.official.SetRemark(ctx, zhang, strings.Repeat("好", 30)),
		"a long tag": discard(w.official.CreateTag(ctx, strings.Repeat("好", 31))),
	} {
		if !errors.Is(err, wechat.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func discard[T any](_ T, err error) error { return err }

func TestTags(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	a := w.official
	if err := w.sim.Follow("zhang", officialApp); err != nil {
		t.Fatal(err)
	}
	zhang, blocker := w.sim.OpenID("zhang", officialApp), w.sim.OpenID("blocker", officialApp)
	guards, err := a.CreateTag(ctx, "保安")
	if err != nil {
		t.Fatal(err)
	}
	owners, err := a.CreateTag(ctx, "业主")
	if err != nil || owners == guards {
		t.Fatal(owners, err)
	}
	if _, err := a.CreateTag(ctx, "保安"); wechat.CodeOf(err) != 45157 {
		t.Errorf("a second one of the name: %v", err)
	}
	for _, err := range []error{
		a.TagPeople(ctx, guards, []string{zhang, blocker}), a.TagPeople(ctx, guards,
			[]string{zhang}), a.TagPeople(ctx, owners, []string{zhang}),
		a.RenameTag(ctx, owners, "住户"), a.UntagPeople(ctx, guards, []string{zhang}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	tags, err := a.Tags(ctx)
	want := []wechat.Tag{{ID: 2, Name: "星标组"}, {ID: guards, Name: "保安", Count: 1}, {ID: owners, Name: "住户", Count: 1}}
	if err != nil || !reflect.DeepEqual(tags, want) {
		t.Errorf("%+v, %v", tags, err)
	}
	if ids, err := a.TagsOf(ctx, zhang); err != nil || !reflect.DeepEqual(ids, []int{owners}) {
		t.Errorf("%v, %v", ids, err)
	}
	page, err := a.Tagged(ctx, guards, "")
	if err != nil || !reflect.DeepEqual(page.OpenIDs, []string{blocker}) {
		t.Errorf("%+v, %v", page, err)
	}
	if page, err = a.Tagged(ctx, guards, page.Next); err != nil || page.OpenIDs != nil || page.Next != "" {
		t.Errorf("after the last: %+v, %v", page, err)
	}
	for name, c := range map[string]struct {
		err  error
		code int
	}{
		"the platform's own": {a.DeleteTag(ctx, 2), 45058}, "renamed to another's": {a.RenameTag(ctx, guards, "住户"), 45157},
		"unknown": {a.TagPeople(ctx, 999, []string{zhang}), 45159}, "deleted": {a.DeleteTag(ctx, 999), 45159},
		"of another": {a.TagPeople(ctx, guards, []string{"o-nobody"}),
			40003}, "list of one unknown": {discard(a.Tagged(ctx, 999, "")), 45159},
	} {
		if wechat.CodeOf(c.err) != c.code {
			t.Errorf("%s: %v, want %d", name, c.err, c.code)
		}
	}
	if err := a.DeleteTag(ctx, guards); err != nil {
		t.Error(err)
	}
}

// TestFollowerPages: 200,000 followers are listed in 21 calls, also if the list is broken off and taken up
// again, and cost neither side memory.
func TestFollowerPages(t *testing.T) {
	w := newWorld(t)
	const crowd = 200_000
	big := simulator.App{AppID: "wx00000000000000d1", Secret: appSecret, Type: simulator.OfficialAccount, Name: "大号", Crowd: crowd}
	w.sim.AddApp(big)
	if err := w.sim.Follow("zhang", big.AppID); err != nil {
		t.Fatal(err)
	}
	a := w.account(big.AppID)
	before := heap()
	seen, digest, after := 0, map[string]bool{}, ""
	for calls := 1; ; calls++ {
		if calls == 7 { // another server goes on
			a = w.account(big.AppID)
		}
		page, err := a.OpenIDs(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		if page.Total != crowd+1 && page.Next != "" {
			t.Fatalf("total %d", page.Total)
		}
		seen += len(page.OpenIDs)
		if len(page.OpenIDs) > 0 {
			digest[page.OpenIDs[0]] = true
		}
		if after = page.Next; after == "" {
			if calls > 22 {
				t.Errorf("%d calls", calls)
			}
			break
		}
	}
	if seen != crowd+1 || len(digest) != 21 {
		t.Errorf("%d people on %d pages", seen, len(digest))
	}
	if grown := heap() - before; grown > 8<<20 {
		t.Errorf("the list costs %d MiB", grown>>20)
	}
	one, err := a.OpenIDs(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	last := one.OpenIDs[len(one.OpenIDs)-1]
	if f, err := a.Follower(t.Context(), last); err != nil || f.Follows != 1 || f.UnionID == "" {
		t.Errorf("one of the crowd: %+v, %v", f, err)
	}
	if _, err := a.Follower(t.Context(), last[:len(last)-8]+"99999999"); wechat.CodeOf(err) != 40003 {
		t.Errorf("one beyond it: %v", err)
	}
	tag, err := a.CreateTag(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.TagPeople(t.Context(), tag, one.OpenIDs[1:51]); err != nil {
		t.Error(err)
	}
	if page, err := a.Tagged(t.Context(), tag, ""); err != nil || !reflect.DeepEqual(page.OpenIDs, one.OpenIDs[1:51]) {
		t.Errorf("%d, %v", len(page.OpenIDs), err)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// account returns the API of one more official account.
func (w *world) account(id string) *wechat.OfficialAccount {
	w.t.Helper()
	c := wechat.New(wechat.Options{APIBase: w.base, LoopbackOnly: true, Now: w.clock, Tokens: wechat.NewRedisTokens(w.redis)})
	a, err := c.OfficialAccount(wechat.OfficialOptions{AppID: id, Secret: appSecret, Token: "tok"})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}
