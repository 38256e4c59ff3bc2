package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

var batchBy = core.Actor{Kind: core.ActorAccount, ID: 7, Name: "小王", Operator: true}

// batchWorld is one community with houses, people and readers, and what a test knows of it.
type batchWorld struct {
	*Store
	t         *testing.T
	community core.ID
	houses    []core.ID
	residents []core.ID
	readers   []core.ID
	followed  string // AppID of an official account; "" = none
}

func newBatchWorld(t *testing.T, s *Store, name string, houses int) *batchWorld {
	t.Helper()
	w := &batchWorld{Store: s, t: t, community: newCommunity(t, s, name)}
	w.houses = newHouses(t, s, w.community, houses)
	for i := range 3 {
		w.residents = append(w.residents, newResident(t, s, w.community, w.houses[i], "张三", fmt.Sprintf("1380013800%d", i)))
		id, _, err := s.CreateReader(t.Context(), core.System, everywhere, aReader(w.community, fmt.Sprintf("R%d%s", i, w.community)))
		if err != nil {
			t.Fatal(err)
		}
		w.readers = append(w.readers, id)
	}
	return w
}

// states returns every thing of the world that batches change, as text by stem and id. Times of the
// last change are left out: taking back is a change.
func (w *batchWorld) states() map[string]string {
	w.t.Helper()
	states := map[string]string{}
	restricted, _, err := w.Restrictions(w.t.Context(), everywhere, RestrictionFilter{Community: w.community, Page: Page{Limit: 9999}})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range restricted {
		states["restriction:"+r.House.String()] = fmt.Sprintf("%+v since %d", r.Restriction, r.Since.UnixMilli())
	}
	houses, _, err := w.Houses(w.t.Context(), everywhere, HouseFilter{Community: w.community, Page: Page{Limit: 9999}})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, h := range houses {
		states["house:"+h.ID.String()] = h.Label + core.Yuan(h.ArrearsFen)
	}
	for _, out := range []bool{false, true} {
		residents, _, err := w.Residents(w.t.Context(), everywhere, ResidentFilter{
			Community: w.community, MovedOut: out, Page: Page{Limit: 9999},
		})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, r := range residents {
			r.Updated = time.Time{}
			states["resident:"+r.ID.String()] = fmt.Sprintf("%+v", r)
		}
	}
	readers, _, err := w.Readers(w.t.Context(), everywhere, ReaderFilter{Community: w.community, Page: Page{Limit: 9999}})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range readers {
		r.Updated = time.Time{}
		states["reader:"+r.ID.String()] = fmt.Sprintf("%+v", r)
	}
	w.alertStates(states)
	w.callStates(states)
	w.blockStates(states)
	w.visitStates(states)
	w.followerStates(states)
	members, _, err := w.Members(w.t.Context(), everywhere, MemberFilter{Community: w.community, Page: Page{Limit: 9999}})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range members {
		states["member:"+m.ID.String()] = m.Until.String()
	}
	slips, _, err := w.ExitSlips(w.t.Context(), everywhere, ExitSlipFilter{Community: w.community, Page: Page{Limit: 9999}})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range slips {
		states["exitslip:"+e.ID.String()] = string(e.State(w.Now()))
	}
	return states
}

func (w *batchWorld) alertStates(states map[string]string) {
	w.t.Helper()
	for _, handled := range []bool{false, true} {
		alerts, _, err := w.AccessAlerts(
			w.t.Context(), everywhere, core.AccessAlertFilter{Community: w.community, Handled: handled}, Page{Limit: 9999},
		)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, a := range alerts {
			states["accessalert:"+a.ID.String()] = fmt.Sprintf("%+v", a)
		}
	}
}

// fevers raises an alert at each reader, and returns those that are open.
func (w *batchWorld) fevers() (open []core.ID, err error) {
	var records []core.AccessRecord
	for _, reader := range w.readers {
		records = append(records, core.AccessRecord{
			Community: w.community, At: w.Now(), Via: core.ViaReader, Reader: reader, Gate: "南门", Direction: core.Out,
			Kind: core.PassResident, TempTenths: 391, Reason: core.ReasonFever,
		})
	}
	if err := w.ImportAccessRecords(w.t.Context(), records); err != nil {
		return nil, err
	}
	if err := w.RaiseAccessAlerts(w.t.Context()); err != nil {
		return nil, err
	}
	alerts, _, err := w.AccessAlerts(w.t.Context(), everywhere, core.AccessAlertFilter{Community: w.community}, Page{Limit: 99})
	for _, a := range alerts {
		open = append(open, a.ID)
	}
	return open, err
}

// sameStates fails the test unless two states are the same.
func (w *batchWorld) sameStates(what string, got, want map[string]string) {
	w.t.Helper()
	for _, thing := range differing(got, want) {
		w.t.Errorf("%s: %s is %q, want %q", what, thing, got[thing], want[thing])
	}
}

func differing(a, b map[string]string) []string {
	var things []string
	for thing := range a {
		if a[thing] != b[thing] {
			things = append(things, thing)
		}
	}
	for thing := range b {
		if _, both := a[thing]; !both {
			things = append(things, thing)
		}
	}
	slices.Sort(things)
	return things
}

func (w *batchWorld) restrict(houses []core.ID, exits int) (core.Batch, error) {
	held, err := w.RestrictionsOf(w.t.Context(), everywhere, houses)
	if err != nil {
		return core.Batch{}, err
	}
	change := RestrictionChange{
		Community: w.community, Houses: houses, Restriction: core.Restriction{Exits: exits, Reason: "社区通知"},
	}
	for house := range held {
		change.Announced = append(change.Announced, house)
	}
	return w.CreateRestrictions(w.t.Context(), batchBy, everywhere, change)
}

func (w *batchWorld) restrictWhole(exits int) (core.Batch, error) {
	change := RestrictionChange{
		Community: w.community, Whole: true, Restriction: core.Restriction{Exits: exits, Reason: "全小区"},
	}
	plan, err := w.PlanRestrictions(w.t.Context(), everywhere, change)
	if err != nil {
		return core.Batch{}, err
	}
	change.AnnouncedMark = plan.Mark
	return w.CreateRestrictions(w.t.Context(), batchBy, everywhere, change)
}

// batchAct is a batch of one kind; what it needs is prepared before.
type batchAct struct {
	prepare func() error
	do      func() (core.Batch, error)
}

// batchActs returns a batch of each kind.
func batchActs(w *batchWorld) map[core.BatchKind]batchAct {
	ctx := w.t.Context()
	return map[core.BatchKind]batchAct{
		core.BatchRestrict: {do: func() (core.Batch, error) { return w.restrictWhole(-1) }},
		core.BatchLift: {
			prepare: func() error {
				_, err := w.restrict(w.houses[:2], 3)
				return err
			},
			do: func() (core.Batch, error) { return w.LiftRestrictions(ctx, batchBy, everywhere, w.community, w.houses) },
		},
		core.BatchHouses: {do: func() (core.Batch, error) {
			paths, err := core.HouseGrid{Above: []string{"8-9", "1"}, Floors: "1-2", Rooms: "1-4"}.Paths()
			if err != nil {
				return core.Batch{}, err
			}
			return w.CreateMissingHouses(ctx, batchBy, everywhere, w.community, paths)
		}},
		core.BatchResidents: {
			prepare: func() error {
				if err := w.MoveOut(ctx, batchBy, everywhere, w.residents[0]); err != nil && !core.IsConflict(err) {
					return err
				}
				return nil
			},
			do: func() (core.Batch, error) {
				_, err := w.CreateResidents(ctx, batchBy, everywhere, w.community, []core.Resident{
					{House: w.houses[0], Name: "张三改", Identity: core.Tenant, Phone: "13800138000", Certified: testNow},
					{House: w.houses[1], Name: "李四", Identity: core.Owner, Phone: "13700137000"},
				})
				if err != nil {
					return core.Batch{}, err
				}
				return w.newest(core.BatchResidents), nil
			},
		},
		core.BatchMoveOut: {do: func() (core.Batch, error) { return w.MoveOutAll(ctx, batchBy, everywhere, w.residents[1:3]) }},
		core.BatchReaderQR: {do: func() (core.Batch, error) {
			return w.SwitchReadersQR(ctx, batchBy, everywhere, ReaderQR{Readers: w.readers, Allowed: false})
		}},
		core.BatchReaderPermit: {do: func() (core.Batch, error) {
			list := make([]core.ReaderPermission, len(w.readers))
			for i, id := range w.readers {
				r, err := w.Reader(ctx, everywhere, id)
				if err != nil {
					return core.Batch{}, err
				}
				list[i] = r.Permission()
				list[i].QRAllowed, list[i].Kinds = !r.QRAllowed, []core.PassKind{core.PassResident}
			}
			done, err := w.PermitReaders(ctx, batchBy, everywhere, list)
			return done.Batch, err
		}},
		core.BatchAlerts:     alertsAct(w),
		core.BatchRenew:      renewAct(w),
		core.BatchExits:      exitsAct(w),
		core.BatchVisitLeave: leavesAct(w),
		core.BatchCalls:      callsAct(w),
		core.BatchTag:        taggingAct(w, false),
		core.BatchUntag:      taggingAct(w, true),
		core.BatchBlocks: {
			prepare: func() error {
				_, err := w.block("滋扰", 0, "京A12345")
				return err
			},
			do: func() (core.Batch, error) {
				made, err := w.block("又滋扰", 30000, "京A12345", "京A54321")
				return made.Batch, err
			},
		},
	}
}

// block puts plates on the blacklist.
func (w *batchWorld) block(reason string, last core.Day, plates ...string) (BlocksMade, error) {
	blocks := make([]core.VisitorBlock, len(plates))
	for i, plate := range plates {
		blocks[i] = core.VisitorBlock{Kind: core.BlockPlate, Value: plate, Reason: reason, LastDay: last}
	}
	return w.CreateVisitorBlocks(w.t.Context(), batchBy, everywhere, w.community, blocks)
}

// blockStates adds the blacklist.
func (w *batchWorld) blockStates(states map[string]string) {
	w.t.Helper()
	blocks, _, err := w.VisitorBlocks(w.t.Context(), core.ScopeOf(w.community), VisitorBlockFilter{Page: Page{Limit: 9999}})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, b := range blocks {
		states["visitorblock:"+b.ID.String()] = fmt.Sprint(b.Value, b.Reason, b.LastDay, b.By)
	}
}

// visitStates adds where the parties of visits are.
func (w *batchWorld) visitStates(states map[string]string) {
	w.t.Helper()
	visits, _, err := w.VisitorPasses(w.t.Context(), core.ScopeOf(w.community), VisitorPassFilter{Now: w.Now(), Page: Page{Limit: 9999}})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, v := range visits {
		states["visitorpass:"+v.ID.String()] = fmt.Sprint(v.Inside(), v.Gone, millisOf(v.Left))
	}
}

// leavesAct notes two visitors as left who are inside.
func leavesAct(w *batchWorld) batchAct {
	var visits []core.ID
	return batchAct{
		prepare: func() error {
			visits = nil
			for i := range 2 {
				code, err := w.ApplyVisit(w.t.Context(), batchBy, 0, VisitApplication{VisitorPass: core.VisitorPass{
					Way: core.VisitApplied, Community: w.community, House: w.houses[i], Name: "来客",
					Phone: fmt.Sprintf("1370013710%d", i), Until: w.Now().Add(time.Hour),
				}}, RequestKey{})
				if err != nil {
					return err
				}
				v, err := w.VisitByCode(w.t.Context(), code)
				if err != nil {
					return err
				}
				now := w.Now().UnixMilli()
				w.mustRun(w.t, "UPDATE visitor_pass SET entered_at = ?, inside_since = ? WHERE id = ?", now, now, int64(v.ID))
				visits = append(visits, v.ID)
			}
			return nil
		},
		do: func() (core.Batch, error) { return w.LeaveVisits(w.t.Context(), batchBy, everywhere, visits, "") },
	}
}

// taggingAct tags two followers of an account that is made for it, or takes the tag away.
func taggingAct(w *batchWorld, off bool) batchAct {
	t := FollowersTagging{Tag: 100, Off: off}
	return batchAct{
		prepare: func() error {
			t.IDs = nil
			if w.followed == "" {
				last := fmt.Sprint(10 + countRows(w.t, w.Store, "SELECT COUNT(*) FROM wechat_app"))
				w.followed = makeWechatApp(w.t, w.Store, last, core.ScopeOf(w.community)).AppID
				w.mustRun(w.t, "INSERT INTO follower_tag (id, app_id, tag_id, name, updated_at) VALUES (?, ?, 100, '业主', 1)",
					int64(w.NewID()), w.followed)
			}
			for range 2 {
				who := core.WechatIdentity{AppID: w.followed, OpenID: "o" + w.NewID().String()}
				if err := w.UpdateFollowed(w.t.Context(), who, true); err != nil {
					return err
				}
			}
			list, _, err := w.Followers(w.t.Context(), everywhere, FollowerFilter{AppID: w.followed})
			for _, f := range list {
				t.IDs = append(t.IDs, f.ID)
			}
			if err == nil && off {
				_, err = w.TagFollowers(w.t.Context(), batchBy, everywhere, FollowersTagging{IDs: t.IDs, Tag: 100})
			}
			return err
		},
		do: func() (core.Batch, error) { return w.TagFollowers(w.t.Context(), batchBy, everywhere, t) },
	}
}

// followerStates adds which tags followers have.
func (w *batchWorld) followerStates(states map[string]string) {
	w.t.Helper()
	if w.followed == "" {
		return
	}
	list, _, err := w.Followers(w.t.Context(), everywhere, FollowerFilter{AppID: w.followed, Page: Page{Limit: 9999}})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range list {
		states["follower:"+f.ID.String()] = fmt.Sprint(f.OpenID, f.Tags)
	}
}

// exitsAct revokes two exit slips that are made for it.
func exitsAct(w *batchWorld) batchAct {
	var slips []core.ID
	return batchAct{
		prepare: func() error {
			slips = nil
			for i := range 2 {
				id, err := w.CreateExitSlip(w.t.Context(), batchBy, everywhere, core.ExitSlip{
					House: w.houses[i], Name: "搬运工", Planned: w.Now().Add(time.Hour), Items: []core.ExitItem{{Name: "床", Count: 1}},
				})
				if err != nil {
					return err
				}
				slips = append(slips, id)
			}
			return nil
		},
		do: func() (core.Batch, error) { return w.RevokeExitSlips(w.t.Context(), batchBy, everywhere, slips) },
	}
}

// renewAct renews two members of an institution that is made for it.
func renewAct(w *batchWorld) batchAct {
	var members []core.ID
	ctx := w.t.Context()
	return batchAct{
		prepare: func() error {
			members = nil
			institution, err := w.CreateInstitution(ctx, batchBy, everywhere, core.Institution{
				Name: fmt.Sprint("机构", w.newestName()), Communities: []core.ID{w.community},
			})
			for i := range 2 {
				if err != nil {
					return err
				}
				var id core.ID
				id, err = w.CreateMember(ctx, batchBy, everywhere, core.Member{
					Institution: institution, Name: "成员", Phone: fmt.Sprintf("1370013700%d", i),
					From: today(w.Store), Until: today(w.Store),
				})
				members = append(members, id)
			}
			return err
		},
		do: func() (core.Batch, error) { return w.RenewMembers(ctx, batchBy, everywhere, members, 3, "") },
	}
}

// newestName returns a number that no institution has in its name.
func (w *batchWorld) newestName() int {
	return countRows(w.t, w.Store, "SELECT COUNT(*) FROM institution")
}

func alertsAct(w *batchWorld) batchAct {
	var open []core.ID
	return batchAct{
		prepare: func() (err error) {
			open, err = w.fevers()
			return err
		},
		do: func() (core.Batch, error) {
			return w.HandleAccessAlerts(w.t.Context(), batchBy, everywhere, open, "已看")
		},
	}
}

// callsAct ticks off two people whom no channel reached.
func callsAct(w *batchWorld) batchAct {
	var last []core.ID
	return batchAct{
		prepare: func() error {
			last = []core.ID{w.unreached(), w.unreached()}
			return nil
		},
		do: func() (core.Batch, error) {
			_, batch, err := w.CallUnreached(w.t.Context(), batchBy, everywhere, last, "已转告")
			return batch, err
		},
	}
}

// callStates adds whom no channel reached, and what they were told by phone.
func (w *batchWorld) callStates(states map[string]string) {
	w.t.Helper()
	for _, list := range []func(context.Context, core.Scope, Page) ([]core.UnreachedPerson, bool, error){w.Unreached, w.Called} {
		people, _, err := list(w.t.Context(), core.ScopeOf(w.community), Page{Limit: 9999})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, u := range people {
			states["message:"+u.Last.String()] = fmt.Sprint(u.Messages, u.Call.Caller, u.Call.Note)
		}
	}
}

// unreached makes a message that reached nobody, of somebody of their own.
func (w *batchWorld) unreached() core.ID {
	w.t.Helper()
	id := w.NewID()
	w.mustRun(w.t, `
		INSERT INTO message (id, community_id, kind, to_kind, to_id, user_id, notice_id, title, link, events, merged_into, digest,
			state, channel, tried, tries, reason, code, lease, created_at, expires_at)
		VALUES (?, ?, 'certification', 'wechat', ?, 0, 0, '认证结果', 'certification', 1, 0, '', 'unreached', '', '', 0, 'no_wechat', '', '',
			?, 0)`, int64(id), int64(w.community), int64(w.NewID()), w.Now().UnixMilli())
	return id
}

// run prepares a batch, does it, and returns it with the states before and after it.
func (w *batchWorld) run(act batchAct) (b core.Batch, before, after map[string]string, err error) {
	if act.prepare != nil {
		if err := act.prepare(); err != nil {
			return b, nil, nil, err
		}
	}
	before = w.states()
	b, err = act.do()
	return b, before, w.states(), err
}

func (w *batchWorld) newest(kind core.BatchKind) core.Batch {
	w.t.Helper()
	list, _, err := w.Batches(w.t.Context(), everywhere, BatchFilter{Communities: core.Everywhere, Kinds: []core.BatchKind{kind}})
	if err != nil || len(list) == 0 {
		w.t.Fatalf("no batch of %s: %v", kind, err)
	}
	return list[0]
}

// batchKindsHere are the kinds of batches but those of imports, which are taken back with their import: see import_test.go,
// and those that are taken back as a whole: see housemove_test.go.
func batchKindsHere() []core.BatchType {
	return slices.DeleteFunc(slices.Clone(core.BatchTypes), func(k core.BatchType) bool {
		return strings.HasSuffix(string(k.Kind), ".import") || k.Kind == core.BatchArrears || k.Kind.Whole() ||
			k.Kind == core.BatchTransfer // all or nothing: TestATransferIsTakenBackAsAWhole
	})
}

// Every kind of batch is undone: all is as before, its items say so, and the audit log has its line.
func TestEveryBatchKindIsUndone(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newBatchWorld(t, s, "翠湖花园", 4)
		newWechatUserWithPhone(t, s, "o-1", "13800138001") // certified, with a pass
		acts := batchActs(w)
		for _, kind := range batchKindsHere() {
			act, known := acts[kind.Kind]
			if !known {
				t.Errorf("this test does no batch of %s", kind.Kind)
				continue
			}
			var grams int
			prepare := act.prepare
			act.prepare = func() (err error) {
				if prepare != nil {
					err = prepare()
				}
				grams = countRows(t, s, "SELECT COUNT(*) FROM name_gram")
				return err
			}
			b, before, after, err := w.run(act)
			if err != nil || len(differing(before, after)) != b.Size || b.Size < 2 {
				t.Fatalf("%s: %+v, %v changed %v", kind.Kind, b, err, differing(before, after))
			}
			undone, err := s.UndoBatch(t.Context(), batchBy, everywhere, b.ID)
			if err != nil || undone.State() != core.BatchUndone || undone.Undone != b.Size {
				t.Errorf("%s: undone %+v, %v", kind.Kind, undone, err)
			}
			w.sameStates(string(kind.Kind), w.states(), before)
			if n := countRows(t, s, "SELECT COUNT(*) FROM name_gram"); n != grams {
				t.Errorf("%s: %d grams of names, want %d", kind.Kind, n, grams)
			}
			again, err := s.UndoBatch(t.Context(), batchBy, everywhere, b.ID)
			if err != nil || again.Undone != undone.Undone || again.Kept != 0 {
				t.Errorf("%s: again %+v, %v", kind.Kind, again, err)
			}
			w.wantItems(undone, core.BatchItemUndone)
			w.wantUndoLine(undone)
		}
	})
}

func (w *batchWorld) wantItems(b core.Batch, state core.BatchItemState) {
	w.t.Helper()
	items, _, err := w.BatchItems(w.t.Context(), b, BatchItemFilter{Page: Page{Limit: 9999}})
	if err != nil || len(items) != b.Size {
		w.t.Errorf("%s: %d items, want %d, %v", b.Kind, len(items), b.Size, err)
	}
	for _, item := range items {
		if item.State != state {
			w.t.Errorf("%s: the item %s is %s, want %s", b.Kind, item.Thing, item.State, state)
		}
		if item.After == "" && b.Kind != core.BatchLift && !strings.Contains(item.Became, map[core.BatchKind]string{
			core.BatchMoveOut: "已迁出", core.BatchResidents: "居住",
		}[b.Kind]) || b.Kind == core.BatchMoveOut && !strings.Contains(item.Was, "居住") {
			w.t.Errorf("%s: an item that was %q became %q", b.Kind, item.Was, item.Became)
		}
	}
}

func (w *batchWorld) wantUndoLine(b core.Batch) {
	w.t.Helper()
	lines, _, err := w.AuditRecords(w.t.Context(), everywhere, core.AuditFilter{Action: "batch.undo"}, Page{Limit: 1})
	if err != nil || len(lines) != 1 || lines[0].Batch() != b.ID || lines[0].Actor.Name != batchBy.Name {
		w.t.Errorf("%s: the audit log has %+v, %v", b.Kind, lines, err)
	}
}

// What batches keep of people is encrypted.
func TestABatchKeepsNothingPersonalInClear(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newBatchWorld(t, s, "翠湖花园", 3)
		for kind, act := range batchActs(w) {
			if _, _, _, err := w.run(act); err != nil && kind != core.BatchMoveOut {
				t.Fatalf("%s: %v", kind, err)
			}
		}
		var texts []string
		if err := s.db.All(t.Context(), &texts, "SELECT before_text FROM batch_item"); err != nil {
			t.Fatal(err)
		}
		sealed := 0
		for _, text := range texts {
			for _, clear := range []string{"张三", "李四", "1380013"} {
				if strings.Contains(text, clear) {
					t.Errorf("kept in clear: %s", text)
				}
			}
			if text != "" && !strings.HasPrefix(text, "{") {
				sealed++
			}
		}
		if sealed < 3 {
			t.Errorf("%d encrypted: not looking in the right place", sealed)
		}
	})
}

// edit does a random act upon a thing or two, and returns what it touched, as states calls it; an
// act that is refused touches nothing.
func (w *batchWorld) edit(r *rand.Rand) []string {
	ctx := w.t.Context()
	house, resident := w.houses[r.IntN(len(w.houses))], w.residents[r.IntN(len(w.residents))]
	var touched []string
	var err error
	switch r.IntN(8) {
	case 0:
		touched = []string{"restriction:" + house.String()}
		_, err = w.restrict([]core.ID{house}, r.IntN(4)-1)
	case 1:
		touched = []string{"restriction:" + house.String()}
		_, err = w.LiftRestriction(ctx, batchBy, everywhere, house)
	case 2:
		reader := w.readers[r.IntN(len(w.readers))]
		var b core.Batch
		b, err = w.SwitchReadersQR(ctx, batchBy, everywhere, ReaderQR{Readers: []core.ID{reader}, Allowed: r.IntN(2) == 0})
		if b.Size > 0 {
			touched = []string{"reader:" + reader.String()}
		}
	case 3:
		touched = []string{"resident:" + resident.String()}
		err = w.MoveOut(ctx, batchBy, everywhere, resident)
	case 4:
		var id core.ID
		touched = []string{"house:" + house.String()}
		id, err = w.CreateResident(ctx, batchBy, everywhere, core.Resident{
			Community: w.community, House: house, Name: "王五", Identity: core.Owner,
			Phone: []string{"13800138000", "13800138001", "13600136000"}[r.IntN(3)],
		})
		touched = append(touched, "resident:"+id.String())
	case 5:
		touched = []string{"house:" + house.String()}
		err = w.setArrears(house, int64(r.IntN(900)))
	case 6:
		touched = []string{"resident:" + resident.String()}
		_, err = w.UpdateResident(ctx, batchBy, everywhere, resident, ResidentChange{
			Name: fmt.Sprintf("张%d", r.IntN(99)), Identity: core.Owner,
		})
	case 7:
		touched = []string{"house:" + house.String()}
		err = w.RemoveHouse(ctx, batchBy, everywhere, house)
	}
	var refused *core.Error
	if err != nil && !errors.As(err, &refused) {
		w.t.Fatalf("edit: %v", err)
	}
	if err != nil {
		return nil
	}
	return touched
}

func (w *batchWorld) setArrears(house core.ID, fen int64) error {
	found, err := w.House(w.t.Context(), everywhere, house)
	if err != nil {
		return err
	}
	names, err := w.HouseNames(w.t.Context(), found)
	if err != nil {
		return err
	}
	return discard(w.UpdateHouse(w.t.Context(), batchBy, everywhere, house, HouseChange{Names: names, ArrearsFen: fen}))
}

// itemKey returns what states calls a thing of a batch.
func itemKey(kind core.BatchKind, thing core.ID) string {
	if kind == core.BatchRestrict || kind == core.BatchLift {
		return "restriction:" + thing.String()
	}
	t, _ := kind.Type()
	return t.Stem + ":" + thing.String()
}

// After random histories – a batch, later edits, taking the batch back – every thing of the batch
// that nobody touched since is as before it, and every other thing is as the edits left it.
func TestUndoTakesBackExactlyWhatNobodyTouched(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		tried, kept := 0, 0
		for seed := range uint64(48) {
			r := rand.New(rand.NewPCG(seed, 9))
			w := newBatchWorld(t, s, fmt.Sprintf("小区%d", seed), 6)
			kinds := batchKindsHere()
			kind := kinds[int(seed)%len(kinds)].Kind
			for range r.IntN(6) {
				clock.Add(time.Second)
				w.edit(r)
			}
			clock.Add(time.Second)
			b, before, _, err := w.run(batchActs(w)[kind])
			var refused *core.Error
			if errors.As(err, &refused) {
				continue // the history left nothing for such a batch
			}
			if err != nil {
				t.Fatalf("seed %d, %s: %v", seed, kind, err)
			}
			w.take(b)
			touched := map[string]bool{}
			for range r.IntN(12) {
				clock.Add(time.Second)
				for _, thing := range w.edit(r) {
					touched[thing] = true
				}
			}
			edited := w.states()
			clock.Add(time.Second)
			undone, err := s.UndoBatch(t.Context(), batchBy, everywhere, b.ID)
			if err != nil || undone.Left() != 0 || undone.Ended.IsZero() {
				t.Fatalf("seed %d, %s: %+v, %v", seed, kind, undone, err)
			}
			tried, kept = tried+1, kept+undone.Kept
			want := maps.Clone(edited)
			for _, item := range w.items(b) {
				key := itemKey(kind, item.Thing)
				stays := touched[key] || kind == core.BatchHouses && edited["restriction:"+item.Thing.String()] != ""
				if stays != (item.State == core.BatchItemKept) {
					t.Errorf("seed %d, %s: %s is %s %s", seed, kind, key, item.State, item.Why)
				}
				if stays {
					continue
				}
				if delete(want, key); before[key] != "" {
					want[key] = before[key]
				}
			}
			w.sameStates(fmt.Sprintf("seed %d, %s", seed, kind), w.states(), want)
		}
		if tried < 24 || kept < 12 {
			t.Errorf("only %d histories, with %d things kept", tried, kept)
		}
	})
}

func (w *batchWorld) items(b core.Batch) []core.BatchItem {
	w.t.Helper()
	items, _, err := w.BatchItems(w.t.Context(), b, BatchItemFilter{Page: Page{Limit: 9999}})
	if err != nil {
		w.t.Fatal(err)
	}
	return items
}

// take makes what a batch has added subject to edits.
func (w *batchWorld) take(b core.Batch) {
	for _, item := range w.items(b) {
		switch b.Kind {
		case core.BatchHouses:
			w.houses = append(w.houses, item.Thing)
		case core.BatchResidents:
			w.residents = append(w.residents, item.Thing)
		}
	}
}

// A large batch is taken back in parts, by two at once and by one who is stopped half way and comes
// again: every thing once.
func TestALargeBatchIsUndoneInParts(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		const houses = 2*batchPart + 7
		w := newBatchWorld(t, s, "翠湖花园", houses)
		before := w.states()
		b, err := w.restrictWhole(-1)
		if err != nil || b.Size != houses {
			t.Fatalf("%+v, %v", b, err)
		}
		if _, err := w.restrict(w.houses[:1], 2); err != nil {
			t.Fatal(err)
		}
		// Stopped after the first part, which somebody had left who went on to the last house.
		err = s.db.Write(t.Context(), "undo a batch", func(tx *database.Tx) error {
			part, last, err := undoPart(tx, batchBy, everywhere, b.ID, w.houses[houses-1])
			if err == nil && (part.State() != core.BatchUndoing || part.Left() != houses-batchPart || last != w.houses[batchPart-1]) {
				t.Errorf("after a part: %+v, up to %s", part, last)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var undoers sync.WaitGroup
		for range 3 {
			undoers.Go(func() {
				if _, err := s.UndoBatch(context.Background(), batchBy, everywhere, b.ID); err != nil {
					t.Errorf("undo: %v", err)
				}
			})
		}
		undoers.Wait()
		b, err = s.Batch(t.Context(), everywhere, b.ID)
		if err != nil || b.State() != core.BatchPartly || b.Undone != houses-1 || b.Kept != 1 {
			t.Errorf("%+v, %v", b, err)
		}
		now := w.states()
		delete(now, "restriction:"+w.houses[0].String())
		w.sameStates("in parts", now, before)
		kept, _, err := s.BatchItems(t.Context(), b, BatchItemFilter{State: core.BatchItemKept})
		if err != nil || len(kept) != 1 || kept[0].Who != batchBy.Name || kept[0].At.IsZero() || kept[0].Why != core.BatchChanged {
			t.Errorf("kept %+v, %v", kept, err)
		}
	})
}

// Two batches one upon the other are undone in reverse, each exactly.
func TestBatchesAreUndoneOneAfterAnother(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newBatchWorld(t, s, "翠湖花园", 4)
		var batches []core.Batch
		var states []map[string]string
		for _, exits := range []int{2, -1} {
			states = append(states, w.states())
			b, err := w.restrict(w.houses, exits)
			if err != nil {
				t.Fatal(err)
			}
			batches = append(batches, b)
		}
		for i := 1; i >= 0; i-- {
			if b, err := s.UndoBatch(t.Context(), batchBy, everywhere, batches[i].ID); err != nil || b.Kept != 0 {
				t.Errorf("%+v, %v", b, err)
			}
			w.sameStates(fmt.Sprint("batch ", i), w.states(), states[i])
		}
	})
}

// A batch of another community is not found, and neither is it among those of the list.
func TestABatchIsOfItsCommunity(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newBatchWorld(t, s, "翠湖花园", 3)
		b, err := w.restrictWhole(1)
		if err != nil {
			t.Fatal(err)
		}
		others := core.ScopeOf(newCommunity(t, s, "海棠苑"))
		_, err = s.Batch(t.Context(), others, b.ID)
		wantCode(t, err, core.CodeNotFound)
		_, err = s.UndoBatch(t.Context(), batchBy, others, b.ID)
		wantCode(t, err, core.CodeNotFound)
		list, _, err := s.Batches(t.Context(), others, BatchFilter{
			Communities: core.Everywhere, Kinds: []core.BatchKind{core.BatchRestrict, core.BatchHouses},
		})
		if err != nil || len(list) != 0 {
			t.Errorf("listed %+v, %v", list, err)
		}
	})
}
