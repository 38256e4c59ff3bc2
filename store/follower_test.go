package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// fans is an official account of two communities with its followers.
type fans struct {
	*testing.T
	s           *Store
	app         core.WechatApp
	here, there core.ID
	turn        FollowerTurn
}

func eachFans(t *testing.T, test func(f *fans)) {
	eachStore(t, func(t *testing.T, s *Store) {
		f := &fans{T: t, s: s, here: newCommunity(t, s, "翠湖花园"), there: newCommunity(t, s, "滨河苑")}
		f.app = makeWechatApp(t, s, "f1", core.ScopeOf(f.here, f.there))
		test(f)
	})
}

func (f *fans) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fans) claim(runner string) {
	f.Helper()
	turn, err := f.s.ClaimFollowerSync(f.Context(), runner)
	f.must(err)
	f.turn = turn
}

// follows is what WeChat tells of somebody.
func follows(open string) core.ToldFollower {
	return core.ToldFollower{
		OpenID: open, Follows: true, Since: time.Unix(1_763_611_200, 0), Source: "ADD_SCENE_SEARCH", UnionID: "u-" + open,
	}
}

func (f *fans) sync(list ...core.ToldFollower) {
	f.Helper()
	asked := f.s.Now()
	f.must(f.s.SyncFollowers(f.Context(), f.turn, ToldFollowers{
		List: list, Asked: asked, Cursor: list[len(list)-1].OpenID, Total: len(list),
	}))
}

func (f *fans) list(filter FollowerFilter) (opens []string) {
	f.Helper()
	filter.AppID = f.app.AppID
	list, _, err := f.s.Followers(f.Context(), everywhere, filter)
	f.must(err)
	for _, one := range list {
		opens = append(opens, one.OpenID)
	}
	slices.Sort(opens)
	return opens
}

func (f *fans) byOpen(open string) core.Follower {
	f.Helper()
	list, _, err := f.s.Followers(f.Context(), everywhere, FollowerFilter{AppID: f.app.AppID, Page: Page{Limit: 100}})
	f.must(err)
	left, _, err := f.s.Followers(f.Context(), everywhere, FollowerFilter{AppID: f.app.AppID, Left: true, Page: Page{Limit: 100}})
	f.must(err)
	for _, one := range append(list, left...) {
		if one.OpenID == open {
			return one
		}
	}
	f.Fatalf("no follower %s", open)
	return core.Follower{}
}

func (f *fans) want(what string, got []string, want ...string) {
	f.Helper()
	if !slices.Equal(got, want) {
		f.Errorf("%s: %v, want %v", what, got, want)
	}
}

// A run meets followers, lets those leave whom it did not meet, and keeps who began to follow while it ran.
func TestFollowersAreSynced(t *testing.T) {
	eachFans(t, func(f *fans) {
		ctx := f.Context()
		f.claim("a")
		if f.turn.Run == 0 || f.turn.Cursor != "" {
			f.Fatalf("the first run is %+v", f.turn)
		}
		_, err := f.s.ClaimFollowerSync(ctx, "b")
		wantCode(f.T, err, core.CodeNotFound)
		f.must(f.s.SyncFollowerTags(ctx, f.turn, []core.FollowerTag{{Number: 2, Name: "星标组"}, {Number: 100, Name: "业主"}}))
		first := follows("o1")
		first.Tags, first.Remark = []int{100}, "王"
		f.sync(first, follows("o2"), core.ToldFollower{OpenID: "stranger"})
		unmet, err := f.s.UnmetFollowers(ctx, f.turn, []string{"o1", "o3", "o3", "o2"})
		f.must(err)
		f.want("not met", unmet, "o3")
		f.must(f.s.EndFollowerSync(ctx, f.turn, true, ""))
		state, err := f.s.FollowerSync(ctx, everywhere, f.app.AppID)
		if err != nil || state.Run != 0 || state.Added != 2 || state.Met != 3 || state.Ended.IsZero() {
			f.Errorf("%+v, %v", state, err)
		}
		f.want("all", f.list(FollowerFilter{}), "o1", "o2")
		f.want("tagged", f.list(FollowerFilter{Tag: 100}), "o1")
		f.want("of a source", f.list(FollowerFilter{Source: "ADD_SCENE_SEARCH"}), "o1", "o2")
		f.want("of another", f.list(FollowerFilter{Source: "ADD_SCENE_PAID"}))

		f.must(f.s.AskFollowerSync(ctx, core.System, everywhere, f.app.AppID))
		f.claim("a")
		changed := first
		changed.Tags, changed.Remark = nil, "李"
		f.sync(changed)
		f.must(f.s.UpdateFollowed(ctx, core.WechatIdentity{AppID: f.app.AppID, OpenID: "new"}, true))
		n, err := f.s.SyncFollowersGone(ctx, f.turn, 10)
		if err != nil || n != 1 {
			f.Errorf("%d left, %v", n, err)
		}
		f.must(f.s.EndFollowerSync(ctx, f.turn, true, ""))
		f.want("after it", f.list(FollowerFilter{}), "new", "o1")
		f.want("left", f.list(FollowerFilter{Left: true}), "o2")
		if one := f.byOpen("o1"); one.Remark != "李" || len(one.Tags) != 0 {
			f.Errorf("%+v", one)
		}
		// A tag that is gone at WeChat is gone from everybody.
		f.must(f.s.AskFollowerSync(ctx, core.System, everywhere, f.app.AppID))
		f.claim("a")
		f.sync(first)
		f.must(f.s.SyncFollowerTags(ctx, f.turn, []core.FollowerTag{{Number: 101, Name: "租客"}}))
		if one := f.byOpen("o1"); len(one.Tags) != 0 {
			f.Errorf("it still has %v", one.Tags)
		}
	})
}

// Who unsubscribes while WeChat is being asked has left, whatever the older answer says; WeChat is asked again.
func TestCallbackOvertakesASync(t *testing.T) {
	eachFans(t, func(f *fans) {
		ctx := f.Context()
		f.claim("a")
		f.sync(follows("o1"), follows("o2"))
		asked := f.s.Now()
		who := core.WechatIdentity{AppID: f.app.AppID, OpenID: "o1"}
		f.must(f.s.UpdateFollowed(ctx, who, false))
		f.must(f.s.SyncFollowers(ctx, f.turn, ToldFollowers{
			List: []core.ToldFollower{follows("o1")}, Asked: asked, Cursor: "o1", Total: 2,
		}))
		f.want("left", f.list(FollowerFilter{Left: true}), "o1")
		if n := countRows(f.T, f.s, "SELECT COUNT(*) FROM follower WHERE open_id = 'o1' AND look_at IS NOT NULL"); n != 1 {
			f.Error("WeChat is not asked again")
		}
		if n := countRows(f.T, f.s, "SELECT COUNT(*) FROM wechat_identity WHERE open_id = 'o1' AND followed_at IS NOT NULL"); n != 0 {
			f.Error("messages are sent to somebody who left")
		}
		// One who is told of for the first time by leaving is kept as gone, and a stale page does not bring them back.
		f.must(f.s.UpdateFollowed(ctx, core.WechatIdentity{AppID: f.app.AppID, OpenID: "o9"}, false))
		f.must(f.s.SyncFollowers(ctx, f.turn, ToldFollowers{
			List: []core.ToldFollower{follows("o9")}, Asked: asked, Cursor: "o9", Total: 2,
		}))
		f.want("left", f.list(FollowerFilter{Left: true}), "o1", "o9")
	})
}

// A run that is stopped ends for its server at the next step, and goes on where it was; a server that is silent loses
// its turn; a failure is tried again later, five times.
func TestFollowerSyncIsStoppedAndGoesOn(t *testing.T) {
	eachFans(t, func(f *fans) {
		ctx, app := f.Context(), f.app.AppID
		f.claim("a")
		f.sync(follows("o1"))
		run := f.turn.Run
		f.must(f.s.StopFollowerSync(ctx, core.System, everywhere, app))
		wantCode(f.T, f.s.StopFollowerSync(ctx, core.System, everywhere, app), core.CodeConflict)
		err := f.s.SyncFollowers(ctx, f.turn, ToldFollowers{List: []core.ToldFollower{follows("o2")}, Asked: f.s.Now(), Cursor: "o2"})
		wantCode(f.T, err, core.CodeConflict)
		f.must(f.s.EndFollowerSync(ctx, f.turn, false, ""))
		_, err = f.s.ClaimFollowerSync(ctx, "b")
		wantCode(f.T, err, core.CodeNotFound)
		f.must(f.s.AskFollowerSync(ctx, core.System, everywhere, app))
		f.claim("b")
		if f.turn.Run != run || f.turn.Cursor != "o1" {
			f.Errorf("it goes on as %+v", f.turn)
		}
		wantCode(f.T, f.s.AskFollowerSync(ctx, core.System, everywhere, app), core.CodeConflict)

		// Server b dies.
		f.s.mustRun(f.T, "UPDATE follower_sync SET beat_at = beat_at - 120000")
		dead := f.turn
		f.claim("c")
		wantCode(f.T, f.s.SyncFollowers(ctx, dead, ToldFollowers{Asked: f.s.Now()}), core.CodeConflict)
		wantCode(f.T, f.s.EndFollowerSync(ctx, dead, true, ""), core.CodeConflict)
		f.sync(follows("o3"))

		for try := 1; try <= followerSyncTries; try++ {
			f.must(f.s.EndFollowerSync(ctx, f.turn, false, "AppSecret 不正确"))
			_, err = f.s.ClaimFollowerSync(ctx, "c")
			wantCode(f.T, err, core.CodeNotFound)
			f.s.mustRun(f.T, "UPDATE follower_sync SET ended_at = ended_at - 960000")
			if try < followerSyncTries {
				f.claim("c")
			}
		}
		_, err = f.s.ClaimFollowerSync(ctx, "c")
		wantCode(f.T, err, core.CodeNotFound)
		f.must(f.s.AskFollowerSync(ctx, core.System, everywhere, app))
		f.claim("c")
		if f.turn.Cursor != "o3" {
			f.Errorf("it goes on after %q", f.turn.Cursor)
		}

		// The account is mended: nobody need ask again.
		f.must(f.s.EndFollowerSync(ctx, f.turn, false, "AppSecret 不正确"))
		f.must(discard(f.s.NoteWechatCheck(ctx, f.app.ID, "AppSecret 不正确")))
		_, err = f.s.ClaimFollowerSync(ctx, "c")
		wantCode(f.T, err, core.CodeNotFound)
		f.must(discard(f.s.NoteWechatCheck(ctx, f.app.ID, "")))
		if state, err := f.s.FollowerSync(ctx, everywhere, app); err != nil || state.Problem != "" {
			f.Errorf("after it was mended: %+v, %v", state, err)
		}
		f.claim("c")
		if f.turn.Run == 0 || f.turn.Cursor != "o3" {
			f.Errorf("after it was mended it goes on as %+v", f.turn)
		}
	})
}

// Remarks and tags are recorded once, only of those who follow, by those who may change the account.
func TestFollowersAreChanged(t *testing.T) {
	eachFans(t, func(f *fans) {
		ctx, by := f.Context(), core.System
		f.claim("a")
		f.must(f.s.SyncFollowerTags(ctx, f.turn, []core.FollowerTag{{Number: 100, Name: "业主"}}))
		f.sync(follows("o1"), follows("o2"))
		one, two := f.byOpen("o1"), f.byOpen("o2")
		begun, err := f.s.BeginFollowerChange(ctx, everywhere, []core.ID{one.ID, one.ID}, one.Updated) // named twice
		if err != nil || len(begun) != 1 {
			f.Fatalf("%+v, %v", begun, err)
		}
		if n := countRows(f.T, f.s, "SELECT COUNT(*) FROM follower WHERE look_at IS NOT NULL"); n != 1 {
			f.Error("WeChat is not asked what became of it")
		}
		one.Remark = "王先生"
		stale := one
		_, err = f.s.UpdateFollowerRemark(ctx, by, everywhere, one)
		f.must(err)
		if _, err := f.s.UpdateFollowerRemark(ctx, by, everywhere, stale); !core.IsStale(err) {
			f.Errorf("a stale edit: %v", err)
		}
		if _, err := f.s.BeginFollowerChange(ctx, everywhere, []core.ID{one.ID}, stale.Updated); !core.IsStale(err) {
			f.Errorf("a stale edit begins: %v", err)
		}
		tagging := FollowersTagging{IDs: []core.ID{one.ID, two.ID}, Tag: 100}
		for want := 2; want >= 0; want -= 2 { // the second time it has no effect
			if b, err := f.s.TagFollowers(ctx, by, everywhere, tagging); b.Size != want || (b.ID == 0) != (want == 0) || err != nil {
				f.Errorf("%+v tagged, %v", b, err)
			}
		}
		f.want("tagged", f.list(FollowerFilter{Tag: 100}), "o1", "o2")
		tagging.Off = true
		if b, err := f.s.TagFollowers(ctx, by, everywhere, tagging); b.Size != 2 || err != nil {
			f.Errorf("%+v untagged, %v", b, err)
		}
		f.want("tagged", f.list(FollowerFilter{Tag: 100}))
		_, err = f.s.TagFollowers(ctx, by, everywhere, FollowersTagging{IDs: tagging.IDs, Tag: 999})
		wantCode(f.T, err, core.CodeConflict)
		_, err = f.s.TagFollowers(ctx, by, everywhere, FollowersTagging{IDs: make([]core.ID, 51), Tag: 100})
		wantCode(f.T, err, core.CodeNotFound) // one id, many times
		_, err = f.s.TagFollowers(ctx, by, core.ScopeOf(f.here), FollowersTagging{IDs: tagging.IDs, Tag: 100})
		wantCode(f.T, err, core.CodeForbidden)
		_, err = f.s.BeginFollowerChange(ctx, core.ScopeOf(987654321), []core.ID{one.ID}, time.Time{})
		wantCode(f.T, err, core.CodeNotFound)
		f.must(f.s.UpdateFollowed(ctx, core.WechatIdentity{AppID: f.app.AppID, OpenID: "o2"}, false))
		_, err = f.s.BeginFollowerChange(ctx, everywhere, []core.ID{one.ID, two.ID}, time.Time{})
		wantCode(f.T, err, core.CodeConflict)
	})
}

// A tagging is taken back where WeChat's state is as it left it; the rest is kept, with the reason, and WeChat is told
// of nobody who is kept. Who may not change the account takes nothing back.
func TestTaggingIsTakenBack(t *testing.T) {
	eachFans(t, func(f *fans) {
		ctx, by := f.Context(), core.System
		f.claim("a")
		f.must(f.s.SyncFollowerTags(ctx, f.turn, []core.FollowerTag{{Number: 100, Name: "业主"}, {Number: 101, Name: "租客"}}))
		had := follows("o4")
		had.Tags = []int{100}
		f.sync(follows("o1"), follows("o2"), follows("o3"), had)
		var ids []core.ID
		for _, open := range []string{"o1", "o2", "o3", "o4"} {
			ids = append(ids, f.byOpen(open).ID)
		}
		tag := func(t FollowersTagging) core.Batch {
			f.Helper()
			b, err := f.s.TagFollowers(ctx, by, everywhere, t)
			f.must(err)
			return b
		}
		put := tag(FollowersTagging{IDs: ids, Tag: 100})
		if put.Size != 3 || put.Community != f.here {
			f.Errorf("o4 had it: %+v", put)
		}
		tag(FollowersTagging{IDs: ids[:1], Tag: 101}) // another tag is nothing to this one
		tag(FollowersTagging{IDs: ids[1:2], Tag: 100, Off: true})
		f.must(f.s.UpdateFollowed(ctx, core.WechatIdentity{AppID: f.app.AppID, OpenID: "o3"}, false))
		back, list, err := f.s.BeginTaggingUndo(ctx, everywhere, put)
		if err != nil || !back.Off || back.Tag != 100 || len(list) != 1 || list[0].OpenID != "o1" {
			f.Fatalf("WeChat is told %+v of %+v, %v", back, list, err)
		}
		undone, err := f.s.UndoBatch(ctx, by, everywhere, put.ID)
		if err != nil || undone.Undone != 1 || undone.Kept != 2 {
			f.Errorf("%+v, %v", undone, err)
		}
		if tags := f.byOpen("o1").Tags; !slices.Equal(tags, []int{101}) {
			f.Errorf("left with %v", tags)
		}
		why := map[core.ID]core.BatchWhy{}
		items, _, err := f.s.BatchItems(ctx, undone, BatchItemFilter{})
		f.must(err)
		for _, item := range items {
			why[item.Thing] = item.Why
		}
		if why[ids[0]] != "" || why[ids[1]] != core.BatchChanged || why[ids[2]] != core.BatchLeft {
			f.Errorf("kept %v", why)
		}

		off := tag(FollowersTagging{IDs: ids[:1], Tag: 101, Off: true})
		if _, _, err := f.s.BeginTaggingUndo(ctx, core.ScopeOf(f.here), off); err != nil {
			f.Errorf("who sees one of its communities: %v", err)
		}
		narrow, err := f.s.UndoBatch(ctx, by, core.ScopeOf(f.here), off.ID)
		if err != nil || narrow.Undone != 0 || f.byOpen("o1").Tags != nil {
			f.Errorf("%+v, %v", narrow, err)
		}
		f.must(f.s.NoteFollowerTagGone(ctx, f.app.AppID, 100))
		again := tag(FollowersTagging{IDs: ids[:1], Tag: 101})
		f.must(f.s.NoteFollowerTagGone(ctx, f.app.AppID, 101))
		gone, _, err := f.s.PlanUndo(ctx, everywhere, again.ID)
		if err != nil || len(gone) != 1 || gone[0].Why != core.BatchNoTag {
			f.Errorf("of a tag that is gone %+v, %v", gone, err)
		}
	})
}

// The grams are those of the remarks as they are, changed here or at WeChat, and go with the follower.
func TestGramsOfRemarks(t *testing.T) {
	eachFans(t, func(f *fans) {
		ctx, by := f.Context(), core.System
		want := func(what string, remarks ...string) {
			f.Helper()
			n := 0
			for _, remark := range remarks {
				n += len(remarkNamed(1, remark).grams())
			}
			if got := countRows(f.T, f.s, "SELECT COUNT(*) FROM name_gram WHERE kind = ?", int(gramFollower)); got != n {
				f.Errorf("%s: %d grams, want %d", what, got, n)
			}
		}
		f.claim("a")
		one, two := follows("o1"), follows("o2")
		one.Remark = "张三丰的店"
		f.sync(one, two)
		want("synced", one.Remark)
		changed := f.byOpen("o2")
		changed.Remark = "王先生"
		_, err := f.s.UpdateFollowerRemark(ctx, by, everywhere, changed)
		f.must(err)
		want("changed here", one.Remark, "王先生")
		one.Remark, two.Remark = "李四", ""
		f.sync(one, two)
		want("synced again", "李四")
		f.must(f.s.db.Write(ctx, "purge", func(tx *database.Tx) error {
			return deleteFollowers(tx, []core.ID{f.byOpen("o1").ID, f.byOpen("o2").ID}, "follows = 1 AND ")
		}))
		want("purged")
	})
}

// A follower is named by the certified residents of the reader's scope; who may not see the whole account sees only
// those who live in their communities. A mini-program's user who follows gets messages of the account.
func TestFollowersAreResidents(t *testing.T) {
	eachFans(t, func(f *fans) {
		ctx := f.Context()
		f.claim("a")
		f.sync(follows("o1"), follows("o2"))
		newResident(f.T, f.s, f.here, newHouses(f.T, f.s, f.here, 1)[0], "张三", "13800138000")
		user := signIn(f.T, f.s, core.WechatIdentity{AppID: "wxmini", OpenID: "m1", UnionID: "u-o1"})
		if _, err := f.s.BindPhone(ctx, user.ID, "13800138000", "张三"); err != nil {
			f.Fatal(err)
		}
		ids, err := f.s.OpenIDs(ctx, user.ID)
		if err != nil || ids[f.app.AppID] != "o1" {
			f.Errorf("the user is known as %v, %v", ids, err)
		}
		for scope, want := range map[string]struct {
			scope core.Scope
			names []string
			opens []string
		}{
			"all":   {everywhere, []string{"张三"}, []string{"o1", "o2"}},
			"here":  {core.ScopeOf(f.here), []string{"张三"}, []string{"o1"}},
			"there": {core.ScopeOf(f.there), nil, nil},
		} {
			list, _, err := f.s.Followers(ctx, want.scope, FollowerFilter{AppID: f.app.AppID})
			f.must(err)
			ties, err := f.s.FollowerTies(ctx, want.scope, list)
			f.must(err)
			var opens, names []string
			for _, one := range list {
				opens = append(opens, one.OpenID)
				for _, tie := range ties[one.ID] {
					names = append(names, tie.Name)
				}
			}
			slices.Sort(opens)
			f.want(scope, opens, want.opens...)
			f.want(scope, names, want.names...)
		}
		_, err = f.s.Follower(ctx, core.ScopeOf(f.there), f.byOpen("o1").ID)
		wantCode(f.T, err, core.CodeNotFound)
		remarked := follows("o2")
		remarked.Remark = "张三丰的店"
		f.sync(remarked)
		for what, c := range map[string]struct {
			scope core.Scope
			text  string
			want  []string
		}{
			"a name, and a remark":    {everywhere, "张三", []string{"o1", "o2"}},
			"a number":                {everywhere, "13800138000", []string{"o1"}},
			"a remark":                {everywhere, "张三丰", []string{"o2"}},
			"nobody's name":           {everywhere, "李四", nil},
			"in their community":      {core.ScopeOf(f.here), "张三", []string{"o1"}},
			"in another":              {core.ScopeOf(f.there), "张三", nil},
			"the middle of a remark":  {everywhere, "三丰", []string{"o2"}},
			"more of its middle":      {everywhere, "三丰的店", []string{"o2"}},
			"not all of it":           {everywhere, "三丰的人", nil},
			"its initials":            {everywhere, "zsfdd", []string{"o2"}},
			"where no account serves": {core.ScopeOf(987654321), "张三", nil},
		} {
			list, more, err := f.s.SearchFollowers(ctx, c.scope, core.ReadSearch(c.text))
			f.must(err)
			var opens []string
			for _, one := range list {
				opens = append(opens, one.OpenID)
			}
			slices.Sort(opens)
			if f.want(what, opens, c.want...); more {
				f.Errorf("%s: there are more", what)
			}
		}
		_, _, err = f.s.Followers(ctx, core.ScopeOf(987654321), FollowerFilter{AppID: f.app.AppID})
		wantCode(f.T, err, core.CodeNotFound)

		// Told of by a sync first, known by the union id.
		known := signIn(f.T, f.s, core.WechatIdentity{AppID: "wxmini", OpenID: "m3", UnionID: "u-o3"})
		f.sync(follows("o3"))
		if ids, err := f.s.OpenIDs(ctx, known.ID); err != nil || ids[f.app.AppID] != "o3" {
			f.Errorf("after a sync %v, %v", ids, err)
		}
	})
}

// Who a sync was told of before they first came to the pages is reached by the account at once, whether they come by it or by
// the mini-program with the same union id. Who has left is not.
func TestFirstSignInAfterASync(t *testing.T) {
	for name, c := range map[string]struct {
		union, left, byMini bool
		reached             bool
	}{
		"by the account":               {reached: true},
		"by the account, with a union": {union: true, reached: true},
		"by the mini-program":          {union: true, byMini: true, reached: true},
		"has left":                     {union: true, left: true},
		"has left, by the mini":        {union: true, left: true, byMini: true},
	} {
		t.Run(name, func(t *testing.T) {
			eachFans(t, func(f *fans) {
				told, who := follows("o1"), core.WechatIdentity{AppID: f.app.AppID, OpenID: "o1", UnionID: "u-o1"}
				if !c.union {
					told.UnionID, who.UnionID = "", ""
				}
				f.claim("a")
				f.sync(told)
				if c.left {
					f.sync(core.ToldFollower{OpenID: "o1"})
				}
				f.must(f.s.EndFollowerSync(f.Context(), f.turn, true, ""))
				if c.byMini {
					who.AppID, who.OpenID = "wxmini", "m1"
				}
				user := signIn(f.T, f.s, who)
				var since []database.Millis
				f.must(f.s.db.All(f.Context(), &since,
					"SELECT followed_at FROM wechat_identity WHERE app_id = ? AND open_id = 'o1'", f.app.AppID))
				if len(since) != 0 && since[0].IsZero() == c.reached || len(since) != 0 && c.reached && !since[0].Equal(told.Since) {
					f.Errorf("follows since %v", since)
				}
				d := f.tell(user)
				if c.reached != (len(d) == 1 && d[0].Channel == core.ChannelTemplate && d[0].Address == "o1") {
					f.Errorf("reached: %+v", d)
				}
			})
		})
	}
}

// A sync and a first sign-in at the same moment may not see each other; the next sign-in puts it right.
func TestSignInAgainAfterASync(t *testing.T) {
	eachFans(t, func(f *fans) {
		who := core.WechatIdentity{AppID: f.app.AppID, OpenID: "o1", UnionID: "u-o1"}
		user := signIn(f.T, f.s, who)
		mini := core.WechatIdentity{AppID: "wxmini", OpenID: "m2", UnionID: "u-o2"}
		signIn(f.T, f.s, mini)
		f.claim("a")
		f.sync(follows("o1"), follows("o2"))
		f.s.mustRun(f.T, "UPDATE wechat_identity SET followed_at = NULL WHERE open_id = 'o1'")
		f.s.mustRun(f.T, "DELETE FROM wechat_identity WHERE open_id = 'o2'")
		if d := f.tell(user); len(d) != 0 {
			f.Fatalf("reached before: %+v", d)
		}
		f.s.mustRun(f.T, "DELETE FROM message")
		for open, user := range map[string]core.WechatUser{"o1": signIn(f.T, f.s, who), "o2": signIn(f.T, f.s, mini)} {
			if d := f.tell(user); len(d) != 1 || d[0].Address != open {
				f.Errorf("%s is reached: %+v", open, d)
			}
		}
	})
}

// tell tells a user that a visitor has come in, and returns what is sent.
func (f *fans) tell(user core.WechatUser) []core.Dispatch {
	f.Helper()
	f.must(f.s.db.Write(f.Context(), "test", func(tx *database.Tx) error {
		return outbox.Put(tx, core.MessageNote{Kind: core.MessageVisitor, Community: f.here, User: user.ID, Title: "您的访客已进门"})
	}))
	sent, _, err := f.s.Outbox().Claim(f.Context(), core.MessageClaim{
		Setup: core.MessageSetup{
			Open:      map[core.MessageChannel]bool{core.ChannelTemplate: true},
			Templates: map[core.MessageChannel]map[core.MessageKind]core.MessageTemplate{},
			Officials: []core.MessageAccount{{
				App: f.app, Templates: map[core.MessageKind]core.MessageTemplate{core.MessageVisitor: {ID: "template"}},
			}},
		},
		Quiet: core.DefaultQuiet, Zone: testZone, Limit: 10, Lease: testLease,
	})
	f.must(err)
	return sent
}

// A question about one follower that fails says nothing of the sync before it, and is asked again after a minute; a
// run that rests after a failure keeps nobody waiting who is new.
func TestQuestionThatFailsIsNoSync(t *testing.T) {
	eachFans(t, func(f *fans) {
		ctx := f.Context()
		f.claim("a")
		f.sync(follows("o1"))
		f.must(f.s.EndFollowerSync(ctx, f.turn, true, ""))
		state := func() core.FollowerSync {
			f.Helper()
			state, err := f.s.FollowerSync(ctx, everywhere, f.app.AppID)
			f.must(err)
			return state
		}
		before := state()
		f.must(f.s.UpdateFollowed(ctx, core.WechatIdentity{AppID: f.app.AppID, OpenID: "o2"}, true))
		f.claim("a")
		if f.turn.Run != 0 {
			f.Fatal("a run out of nowhere")
		}
		f.must(f.s.EndFollowerSync(ctx, f.turn, false, "连接不上微信"))
		if after := state(); after.Problem != "" || !after.Ended.Equal(before.Ended) {
			f.Errorf("the sync is said to have failed: %+v", after)
		}
		if _, err := f.s.ClaimFollowerSync(ctx, "a"); !core.IsNotFound(err) {
			f.Errorf("asked again at once: %v", err)
		}
		f.must(f.s.AskFollowerSync(ctx, core.System, everywhere, f.app.AppID))
		f.claim("a")
		f.must(f.s.EndFollowerSync(ctx, f.turn, false, "连接不上微信"))
		f.must(f.s.UpdateFollowed(ctx, core.WechatIdentity{AppID: f.app.AppID, OpenID: "o3"}, true))
		if turn, err := f.s.ClaimFollowerSync(ctx, "a"); err != nil || turn.Run != 0 {
			f.Errorf("somebody new, while the run rests: %+v, %v", turn, err)
		}
	})
}

// A follow and its end whose callbacks come in the wrong order: WeChat is asked once more.
func TestEndOfAFollowIsAskedAbout(t *testing.T) {
	eachFans(t, func(f *fans) {
		ctx := f.Context()
		who := core.WechatIdentity{AppID: f.app.AppID, OpenID: "o1"}
		f.must(f.s.UpdateFollowed(ctx, who, true))
		f.must(f.s.UpdateFollowed(ctx, who, false)) // of before, tried again
		var look int64
		f.must(f.s.db.Get(ctx, &look, "SELECT COALESCE(look_at, 0) FROM follower WHERE open_id = ?", "o1"))
		if look <= f.s.Now().UnixMilli() {
			f.Errorf("asked about at %d", look)
		}
	})
}

// The followers of an account that was removed are deleted, with the remarks and tags; those of one in use are not.
func TestFollowersOfARemovedAccountArePurged(t *testing.T) {
	eachFans(t, func(f *fans) {
		ctx := f.Context()
		f.claim("a")
		f.must(f.s.SyncFollowerTags(ctx, f.turn, []core.FollowerTag{{Number: 100, Name: "业主"}}))
		tagged := follows("o1")
		tagged.Tags = []int{100}
		f.sync(tagged)
		count := func() (n int) {
			f.Helper()
			f.must(f.s.db.Get(ctx, &n, `SELECT (SELECT COUNT(*) FROM follower) + (SELECT COUNT(*) FROM follower_tagged) +
				(SELECT COUNT(*) FROM follower_tag)`))
			return n
		}
		long := f.s.Now().Add(-time.Hour)
		if n, err := f.s.PurgeFollowers(ctx, long); err != nil || n != 0 || count() != 3 {
			f.Errorf("in use: %d purged, %d kept, %v", n, count(), err)
		}
		f.must(f.s.DisableWechatApp(ctx, core.System, everywhere, f.app.ID))
		if n, err := f.s.PurgeFollowers(ctx, long); err != nil || n != 0 || count() != 3 {
			f.Errorf("disabled: %d purged, %d kept, %v", n, count(), err)
		}
		f.must(f.s.RemoveWechatApp(ctx, core.System, everywhere, f.app.ID, true))
		if n, err := f.s.PurgeFollowers(ctx, long); err != nil || n != 1 || count() != 0 {
			f.Errorf("removed: %d purged, %d kept, %v", n, count(), err)
		}
	})
}

// Who left long ago is deleted with their tags; who follows, or left lately, stays.
func TestFollowersWhoLeftArePurged(t *testing.T) {
	eachFans(t, func(f *fans) {
		ctx := f.Context()
		f.claim("a")
		f.must(f.s.SyncFollowerTags(ctx, f.turn, []core.FollowerTag{{Number: 100, Name: "业主"}}))
		gone, stays := follows("gone"), follows("stays")
		gone.Tags, stays.Tags = []int{100}, []int{100}
		f.sync(gone, stays)
		f.must(f.s.UpdateFollowed(ctx, core.WechatIdentity{AppID: f.app.AppID, OpenID: "gone"}, false))
		if n, err := f.s.PurgeFollowers(ctx, f.s.Now().Add(-time.Hour)); err != nil || n != 0 {
			f.Errorf("lately: %d are deleted, %v", n, err)
		}
		if n, err := f.s.PurgeFollowers(ctx, f.s.Now().Add(time.Hour)); err != nil || n != 1 {
			f.Errorf("long ago: %d are deleted, %v", n, err)
		}
		f.want("who follows", f.list(FollowerFilter{}), "stays")
		f.want("who left", f.list(FollowerFilter{Left: true}))
		if sizes, err := f.s.FollowerTagSizes(ctx, everywhere, f.app.AppID); err != nil || sizes[100] != 1 {
			f.Errorf("tagged: %v, %v", sizes, err)
		}
	})
}

// Pages go by key, the latest first, forwards and back.
func TestFollowersArePaged(t *testing.T) {
	eachFans(t, func(f *fans) {
		f.claim("a")
		var all []core.ToldFollower
		for i := range 25 {
			one := follows(fmt.Sprintf("o%02d", i))
			one.Since = one.Since.Add(time.Duration(i/2) * time.Second) // pairs of one time
			all = append(all, one)
		}
		f.sync(all...)
		seen, page := map[string]int{}, Page{Limit: 10}
		var last time.Time
		for range 3 {
			list, more, err := f.s.Followers(f.Context(), everywhere, FollowerFilter{AppID: f.app.AppID, Page: page})
			f.must(err)
			for _, one := range list {
				if seen[one.OpenID]++; !last.IsZero() && one.Since.After(last) {
					f.Errorf("%s is later than the one before", one.OpenID)
				}
				last = one.Since
			}
			if page.Next = list[len(list)-1].ID; !more {
				break
			}
		}
		if len(seen) != 25 {
			f.Errorf("%d of 25 are listed", len(seen))
		}
	})
}

func TestFollowerTags(t *testing.T) {
	eachFans(t, func(f *fans) {
		ctx, by := f.Context(), core.System
		tag := core.FollowerTag{AppID: f.app.AppID, Number: 100, Name: "业主"}
		f.must(f.s.CheckFollowerTag(ctx, everywhere, tag))
		wantCode(f.T, f.s.CheckFollowerTag(ctx, core.ScopeOf(f.here), tag), core.CodeForbidden)
		id, err := f.s.CreateFollowerTag(ctx, by, everywhere, tag)
		f.must(err)
		if again, err := f.s.CreateFollowerTag(ctx, by, everywhere, tag); again != id || err != nil {
			f.Errorf("a tag that a sync has met is another: %v, %v", again, err)
		}
		got, err := f.s.FollowerTag(ctx, core.ScopeOf(f.there), id)
		if err != nil || got.Name != "业主" {
			f.Fatalf("%+v, %v", got, err)
		}
		_, err = f.s.FollowerTag(ctx, core.ScopeOf(987654321), id)
		wantCode(f.T, err, core.CodeNotFound)
		got.Name = "租客"
		if _, err := f.s.UpdateFollowerTag(ctx, by, everywhere, got); err != nil {
			f.Fatal(err)
		}
		if _, err := f.s.UpdateFollowerTag(ctx, by, everywhere, got); !core.IsStale(err) {
			f.Errorf("a stale edit: %v", err)
		}
		if err := f.s.CheckFollowerTag(ctx, everywhere, got); !core.IsStale(err) {
			f.Errorf("a stale edit goes to WeChat: %v", err)
		}
		f.claim("a")
		f.sync(follows("o1"))
		one := f.byOpen("o1")
		_, err = f.s.TagFollowers(ctx, by, everywhere, FollowersTagging{IDs: []core.ID{one.ID}, Tag: 100})
		f.must(err)
		for scope, want := range map[bool]int{true: 1, false: 0} {
			in := everywhere
			if !scope {
				in = core.ScopeOf(f.there)
			}
			if sizes, err := f.s.FollowerTagSizes(ctx, in, f.app.AppID); err != nil || sizes[100] != want {
				f.Errorf("%v, %v", sizes, err)
			}
		}
		f.must(f.s.RemoveFollowerTag(ctx, by, everywhere, id))
		if one := f.byOpen("o1"); len(one.Tags) != 0 {
			f.Errorf("it still has %v", one.Tags)
		}
		wantCode(f.T, f.s.RemoveFollowerTag(ctx, by, everywhere, id), core.CodeNotFound)
		f.must(f.s.SyncFollowerTags(ctx, f.turn, []core.FollowerTag{{Number: 2, Name: "星标组"}}))
		tags, err := f.s.FollowerTags(ctx, everywhere, f.app.AppID)
		if err != nil || len(tags) != 1 {
			f.Fatalf("%+v, %v", tags, err)
		}
		wantCode(f.T, f.s.CheckFollowerTag(ctx, everywhere, tags[0]), core.CodeConflict)
		for range 2 {
			f.must(f.s.NoteFollowerTagGone(ctx, f.app.AppID, 2))
		}
		if tags, err := f.s.FollowerTags(ctx, everywhere, f.app.AppID); err != nil || len(tags) != 0 {
			f.Errorf("left %+v, %v", tags, err)
		}
	})
}
