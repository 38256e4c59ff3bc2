package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// typedTwice is a community whose first building was typed in two ways.
type typedTwice struct {
	*Store
	t                *testing.T
	community        core.ID
	one, other       core.ID   // 1栋, 1号楼
	houses           []core.ID // 1栋1单元101, 1栋1单元102, 1号楼1单元101, 1号楼1单元103, 1号楼2单元201
	zhang, twin, wei core.ID
	reader           core.ID
}

func newTypedTwice(t *testing.T, s *Store) *typedTwice {
	t.Helper()
	w := &typedTwice{Store: s, t: t, community: newCommunity(t, s, "翠湖花园")}
	var err error
	w.houses, err = s.CreateHouses(t.Context(), core.System, everywhere, w.community, [][]string{
		{"1栋", "1", "101"}, {"1栋", "1", "102"}, {"1号楼", "1", "101"}, {"1号楼", "1", "103"}, {"1号楼", "2", "201"},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.one, w.other = w.node("1栋"), w.node("1号楼")
	w.zhang = newResident(t, s, w.community, w.houses[0], "张三", "13700000001")
	w.twin = newResident(t, s, w.community, w.houses[2], "张三", "13700000001")
	newResident(t, s, w.community, w.houses[2], "王五", "13700000003")
	w.wei = newResident(t, s, w.community, w.houses[3], "魏六", "13700000004")
	restrict := RestrictionChange{Community: w.community, Houses: w.houses[2:3], Restriction: core.Restriction{Exits: 1, Reason: "欠费"}}
	if _, err := s.CreateRestrictions(t.Context(), core.System, everywhere, restrict); err != nil {
		t.Fatal(err)
	}
	reader := aReader(w.community, "V1")
	reader.Name = "单元门"
	reader.ScopeNodes = []core.ID{w.other}
	w.reader, _, err = s.CreateReader(t.Context(), core.System, everywhere, reader)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// node returns the top node of a name.
func (w *typedTwice) node(name string) core.ID {
	w.t.Helper()
	tree, err := w.BuildingTree(w.t.Context(), everywhere, w.community)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, n := range tree {
		if n.Name == name {
			return n.ID
		}
	}
	return 0
}

func (w *typedTwice) plan(move core.HouseMove) HouseMovePlan {
	w.t.Helper()
	plan, err := w.PlanMove(w.t.Context(), everywhere, w.community, move)
	if err != nil {
		w.t.Fatal(err)
	}
	return plan
}

func (w *typedTwice) do(move core.HouseMove) core.Batch {
	w.t.Helper()
	batch, err := w.MoveHouses(w.t.Context(), core.System, everywhere, w.community, move, w.plan(move).Seen)
	if err != nil {
		w.t.Fatal(err)
	}
	return batch
}

func (w *typedTwice) labels() string {
	w.t.Helper()
	list, _, err := w.Houses(w.t.Context(), everywhere, HouseFilter{Community: w.community, Page: Page{Limit: 99}})
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(labelsOf(list), " ")
}

// Nodes typed differently become one, with what is below them and what refers to them, and are taken apart again.
func TestMergeNodes(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, register func() string) {
		w := newTypedTwice(t, s)
		before := register()
		move := core.HouseMove{Node: w.other, Parent: core.NoMove, Into: w.one}
		plan := w.plan(move)
		if plan.From != "1号楼" || plan.To != "1栋" || plan.Houses != 3 || plan.Residents != 3 || plan.Restricted != 1 ||
			!slices.Equal(plan.Readers, []string{"单元门"}) || len(plan.Joins) != 1 {
			t.Fatalf("plan %+v", plan)
		}
		if j := plan.Joins[0]; j.From.Label != "1号楼1单元101" || j.Into.Label != "1栋1单元101" || len(j.Twice) != 1 || j.Residents != 2 ||
			j.Twice[0].Kept.ID != w.zhang || !j.Restricted[0] || j.Restricted[1] {
			t.Errorf("join %+v", j)
		}
		batch := w.do(move)
		if got := w.labels(); got != "1栋1单元101 1栋1单元102 1栋1单元103 1栋2单元201" {
			t.Errorf("houses %s", got)
		}
		people, _, err := s.Residents(t.Context(), everywhere, ResidentFilter{
			Community: w.community, House: w.houses[0], Page: Page{Limit: 9},
		})
		if err != nil || len(people) != 2 {
			t.Errorf("%d residents of 1栋1单元101, %v", len(people), err)
		}
		if wei, err := s.Resident(t.Context(), everywhere, w.wei); err != nil || wei.HouseLabel != "1栋1单元103" || wei.House != w.houses[3] {
			t.Errorf("魏六 lives in %+v, %v", wei, err)
		}
		if r, err := s.Reader(t.Context(), everywhere, w.reader); err != nil || !slices.Equal(r.ScopeNodes, []core.ID{w.one}) {
			t.Errorf("the reader serves %v, %v", r.ScopeNodes, err)
		}
		if held, err := s.RestrictionsOf(t.Context(), everywhere, w.houses[:1]); err != nil || held[w.houses[0]].Exits != 1 {
			t.Errorf("restriction %+v, %v", held, err)
		}
		if w.node("1号楼") != 0 {
			t.Error("1号楼 is still there")
		}
		undone, err := s.UndoBatch(t.Context(), core.System, everywhere, batch.ID)
		if err != nil || undone.State() != core.BatchUndone {
			t.Fatalf("undone: %+v, %v", undone, err)
		}
		if after := register(); after != before {
			t.Error("after undoing:", difference(strings.Split(before, "\n"), strings.Split(after, "\n")))
		}
	})
}

// Of one person's two ties the better stays, whichever house it was of.
func TestMergeHousesKeepsTheBetterTie(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, register func() string) {
		w := newTypedTwice(t, s)
		if err := s.MoveOut(t.Context(), core.System, everywhere, w.zhang); err != nil {
			t.Fatal(err)
		}
		before := register()
		batch := w.do(core.HouseMove{House: w.houses[2], Into: w.houses[0], Parent: core.NoMove})
		twin, err := s.Resident(t.Context(), everywhere, w.twin)
		if err != nil || twin.House != w.houses[0] {
			t.Errorf("the tie that lives is of %+v, %v", twin, err)
		}
		_, err = s.Resident(t.Context(), everywhere, w.zhang)
		wantCode(t, err, core.CodeNotFound)
		items, _, err := s.BatchItems(t.Context(), batch, BatchItemFilter{Page: Page{Limit: 99}})
		at := slices.IndexFunc(items, func(i core.BatchItem) bool { return i.Thing == w.twin })
		if err != nil || at < 0 || items[at].Was != "已合并的房屋，居住，未认证" || !strings.HasSuffix(items[at].Became, "101，居住，未认证") {
			t.Errorf("the page of the batch says %+v, %v", items, err)
		}
		if _, err = s.UndoBatch(t.Context(), core.System, everywhere, batch.ID); err != nil {
			t.Fatal(err)
		}
		if after := register(); after != before {
			t.Error("after undoing:", difference(strings.Split(before, "\n"), strings.Split(after, "\n")))
		}
	})
}

// With the last house of a unit its unit and building go, and come back with it.
func TestMergingTheLastHouseOfABuilding(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, register func() string) {
		community := newCommunity(t, s, "翠湖花园")
		houses, err := s.CreateHouses(t.Context(), core.System, everywhere, community, [][]string{
			{"1栋", "1单元", "101"}, {"一号楼", "1单元", "101"},
		})
		if err != nil {
			t.Fatal(err)
		}
		w := &typedTwice{Store: s, t: t, community: community}
		before := register()
		batch := w.do(core.HouseMove{House: houses[1], Into: houses[0], Parent: core.NoMove})
		if tree, err := s.BuildingTree(t.Context(), everywhere, community); err != nil || len(tree) != 1 {
			t.Errorf("%d buildings are left, %v", len(tree), err)
		}
		if _, err := s.UndoBatch(t.Context(), core.System, everywhere, batch.ID); err != nil {
			t.Fatal(err)
		}
		if after := register(); after != before {
			t.Error("after undoing:", difference(strings.Split(before, "\n"), strings.Split(after, "\n")))
		}
	})
}

// A renamed or moved node keeps its id; what is called by its name is called by the new one everywhere.
func TestRenameAndMoveNodes(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, register func() string) {
		w := newTypedTwice(t, s)
		before := register()
		rename := w.do(core.HouseMove{Node: w.other, Parent: core.NoMove, Name: "12"})
		if got := w.labels(); got != "1栋1单元101 1栋1单元102 12栋1单元101 12栋1单元103 12栋2单元201" || w.node("12栋") != w.other {
			t.Errorf("houses %s", got)
		}
		if said, _, err := s.SearchHouses(t.Context(), everywhere, core.ReadSearch("12栋2单元201")); err != nil || len(said) != 1 {
			t.Errorf("found %d, %v", len(said), err)
		}
		level, err := s.HouseLevel(t.Context(), HouseLevelFilter{Community: w.community, Node: w.other})
		if err != nil || len(level.Nodes) != 2 {
			t.Fatalf("below 12栋: %+v, %v", level, err)
		}
		two := level.Nodes[1]
		move := w.do(core.HouseMove{Node: two.ID, Parent: w.one})
		if got := w.labels(); got != "1栋1单元101 1栋1单元102 1栋2单元201 12栋1单元101 12栋1单元103" {
			t.Errorf("after the move: %s", got)
		}
		for _, b := range []core.Batch{move, rename} {
			if _, err := s.UndoBatch(t.Context(), core.System, everywhere, b.ID); err != nil {
				t.Fatal(err)
			}
		}
		if after := register(); after != before {
			t.Error("after undoing:", difference(strings.Split(before, "\n"), strings.Split(after, "\n")))
		}
	})
}

// What a preview did not see is not done; what was changed since is not taken back; another community's is not found.
func TestMoveHousesIsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newTypedTwice(t, s)
		merge := core.HouseMove{Node: w.other, Parent: core.NoMove, Into: w.one}
		seen := w.plan(merge).Seen
		newResident(t, s, w.community, w.houses[2], "赵七", "13700000007")
		_, err := s.MoveHouses(t.Context(), core.System, everywhere, w.community, merge, seen)
		wantCode(t, err, core.CodeConflict)
		batch := w.do(merge)
		_, err = s.MoveHouses(t.Context(), core.System, everywhere, w.community, merge, seen)
		wantCode(t, err, core.CodeNotFound) // the same again
		h, err := s.House(t.Context(), everywhere, w.houses[3])
		if err != nil {
			t.Fatal(err)
		}
		change := HouseChange{Names: []string{"1", "1", "109"}, Updated: h.Updated}
		if _, err := s.UpdateHouse(t.Context(), core.System, everywhere, h.ID, change); err != nil {
			t.Fatal(err)
		}
		_, err = s.UndoBatch(t.Context(), core.System, everywhere, batch.ID)
		wantCode(t, err, core.CodeConflict)
		if !strings.Contains(core.MessageOf(err), "1栋1单元103") {
			t.Errorf("refused with %v", err)
		}
		rename := core.HouseMove{Node: w.one, Parent: core.NoMove, Name: "一栋"}
		_, err = s.PlanMove(t.Context(), core.Scope{}, w.community, rename)
		wantCode(t, err, core.CodeNotFound)
		theirs := newCommunity(t, s, "碧海湾")
		_, err = s.PlanMove(t.Context(), everywhere, theirs, rename)
		wantCode(t, err, core.CodeNotFound)
		for _, wrong := range []core.HouseMove{
			{Node: w.one, Parent: core.NoMove, Into: w.one}, {Node: w.one, Parent: w.one}, {Node: w.one, Parent: core.NoMove, Name: "1栋"},
			{House: w.houses[0], Parent: core.NoMove, Into: w.houses[0]},
		} {
			_, err = s.PlanMove(t.Context(), everywhere, w.community, wrong)
			wantCode(t, err, core.CodeInvalid)
		}
	})
}

// A house's records and exits go on with the house that it became part of.
func TestMergeHousesKeepsRecordsAndExits(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newTypedTwice(t, s)
		record := core.AccessRecord{
			ID: 77, Community: w.community, House: w.houses[2], HouseLabel: "1号楼1单元101", At: s.db.Now(), Name: "王五", Allowed: true,
		}
		err := s.db.Write(t.Context(), "test", func(tx *database.Tx) error {
			if err := insertAccessRecords(tx, []core.AccessRecord{record}); err != nil {
				return err
			}
			return addExits(tx, w.community, w.houses[2], "20001:3", 1)
		})
		if err != nil {
			t.Fatal(err)
		}
		exits := func(house core.ID) string {
			t.Helper()
			var days []string
			if err := s.db.All(t.Context(), &days, "SELECT days FROM exit_tally WHERE subject_id = ?", int64(house)); err != nil {
				t.Fatal(err)
			}
			return strings.Join(days, " ")
		}
		records := func(house core.ID) []core.AccessRecord {
			t.Helper()
			list, _, err := s.AccessRecords(t.Context(), everywhere, core.RecordFilter{House: house}, Page{Limit: 9})
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		batch := w.do(core.HouseMove{House: w.houses[2], Into: w.houses[0], Parent: core.NoMove})
		if list := records(w.houses[0]); len(list) != 1 || list[0].HouseLabel != "1号楼1单元101" {
			t.Errorf("records %+v", list)
		}
		if exits(w.houses[0]) != "20001:3" || exits(w.houses[2]) != "" {
			t.Errorf("exits %q, %q", exits(w.houses[0]), exits(w.houses[2]))
		}
		if _, err := s.UndoBatch(t.Context(), core.System, everywhere, batch.ID); err != nil {
			t.Fatal(err)
		}
		if len(records(w.houses[0])) != 0 || len(records(w.houses[2])) != 1 {
			t.Error("the records are not back")
		}
		if exits(w.houses[0]) != "" || exits(w.houses[2]) != "20001:3" {
			t.Errorf("exits after undoing %q, %q", exits(w.houses[0]), exits(w.houses[2]))
		}
	})
}

// Visits to a house that becomes part of another are to the other, and their host's is the tie that stays; they are put
// back with it. A house that somebody visited is not deleted.
func TestVisitsFollowMergedHouses(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, register func() string) {
		w := newTypedTwice(t, s)
		host := newWechatUserWithPhone(t, s, "o-host", "13700000001")
		made, err := s.CreateVisitorPass(t.Context(), core.System, host.ID, core.VisitorPass{
			House: w.houses[2], Name: "来客", Until: s.Now().Add(time.Hour),
		}, RequestKey{})
		if err != nil {
			t.Fatal(err)
		}
		before := register()
		batch := w.do(core.HouseMove{House: w.houses[2], Into: w.houses[0], Parent: core.NoMove})
		v, err := s.OwnVisitor(t.Context(), host.ID, made.ID)
		if err != nil || v.House != w.houses[0] || v.HouseLabel != "1栋1单元101" || v.HostTie != w.zhang {
			t.Fatalf("after the merge %+v, %v", v, err)
		}
		previews, err := s.Previews(t.Context(), core.In, []core.ID{v.Pass})
		if err != nil || !previews[0].Decision.Allowed {
			t.Errorf("the visitor is not let in: %+v, %v", previews, err)
		}
		if _, err := s.UndoBatch(t.Context(), core.System, everywhere, batch.ID); err != nil {
			t.Fatal(err)
		}
		if after := register(); after != before {
			t.Error("after undoing:", difference(strings.Split(before, "\n"), strings.Split(after, "\n")))
		}
		for _, obstacles := range []func() ([]core.Obstacle, error){
			func() ([]core.Obstacle, error) {
				return s.HouseObstacles(t.Context(), core.House{ID: w.houses[2], Community: w.community})
			},
			func() ([]core.Obstacle, error) { return s.CommunityObstacles(t.Context(), everywhere, w.community) },
		} {
			found, err := obstacles()
			if err != nil || !strings.Contains(strings.Join(core.ObstacleTexts(found), " "), "1 位访客") {
				t.Errorf("obstacles %v, %v", found, err)
			}
		}
	})
}

// A move says where owners may decide applications from then on, and where not any more.
func TestAMoveSaysWhoseOwnersMayDecide(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newTypedTwice(t, s)
		yes, no := true, false
		say := func(change OwnersReviewChange) {
			t.Helper()
			change.Community = w.community
			if err := s.UpdateOwnersReview(t.Context(), core.System, everywhere, change); err != nil {
				t.Fatal(err)
			}
		}
		merge := core.HouseMove{Node: w.other, Parent: core.NoMove, Into: w.one}
		if plan := w.plan(merge); plan.Allowed != 0 || plan.Refused != 0 {
			t.Errorf("with nothing said: %d, %d", plan.Allowed, plan.Refused)
		}
		say(OwnersReviewChange{Node: w.one, Allowed: &yes})
		if plan := w.plan(merge); plan.Allowed != 3 || plan.Refused != 0 {
			t.Errorf("into a node that allows it: %d, %d", plan.Allowed, plan.Refused)
		}
		say(OwnersReviewChange{Allowed: &yes})
		say(OwnersReviewChange{Node: w.one, Allowed: &no})
		say(OwnersReviewChange{House: w.houses[3], Allowed: &yes})
		if plan := w.plan(merge); plan.Allowed != 0 || plan.Refused != 2 {
			t.Errorf("into a node that forbids it, but for a house of its own: %d, %d", plan.Allowed, plan.Refused)
		}
	})
}

// Of two applications of one person for houses that become one the older is superseded, and waits again when the merge is
// undone; the one that is left is superseded by the next, as any.
func TestApplicationsOfMergedHouses(t *testing.T) {
	for name, newerOfFrom := range map[string]bool{"the newer one moves": true, "the older one moves": false} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, s *Store) {
				w := newTypedTwice(t, s)
				from, into := w.houses[2], w.houses[0]
				r := &reviewWorld{Store: s, t: t, community: w.community}
				user := newWechatUserWithPhone(t, s, "o-twice", "13800138077")
				order := []core.ID{into, from}
				if !newerOfFrom {
					order = []core.ID{from, into}
				}
				var sent []core.ID
				for _, house := range order {
					if err := r.tries(s, user.ID, house, "赵申请"); err != nil {
						t.Fatal(err)
					}
					sent = append(sent, r.newest().ID)
				}
				batch := w.do(core.HouseMove{House: from, Into: into, Parent: core.NoMove})
				if r.state(sent[0]) != core.ReviewSuperseded || r.state(sent[1]) != core.ReviewWaiting {
					t.Errorf("merged: %s, %s", r.state(sent[0]), r.state(sent[1]))
				}
				if _, err := s.UndoBatch(t.Context(), core.System, everywhere, batch.ID); err != nil {
					t.Fatal(err)
				}
				if r.state(sent[0]) != core.ReviewWaiting || r.state(sent[1]) != core.ReviewWaiting {
					t.Errorf("undone: %s, %s", r.state(sent[0]), r.state(sent[1]))
				}
				w.do(core.HouseMove{House: from, Into: into, Parent: core.NoMove})
				if err := r.tries(s, user.ID, into, "赵申请"); err != nil {
					t.Fatal(err)
				}
				if r.state(sent[1]) != core.ReviewSuperseded {
					t.Errorf("after the next: %s", r.state(sent[1]))
				}
			})
		})
	}
}
