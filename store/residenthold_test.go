package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/migrations"
	"tongxing/store/database"
)

// A table that refers to houses or residents is one of those that keep them from being deleted, or is named here with why
// it need not be.
func TestWhatRefersToHousesAndResidentsHoldsThem(t *testing.T) {
	free := map[string]string{
		"house_former house_id":       "is about a house that is there no more",
		"house_transfer house_id":     "holds while it is planned, by open_house",
		"rule_plan_house house_id":    "is left out when the plan starts",
		"restriction_latest house_id": "is deleted with the house",
		"bind_ticket replaces_id":     "is a WeChat user",
		"certification resident_id":   "is decided: the resident was changed by it",
		"access_record resident_id":   "holds by the person",
	}
	held := map[string]bool{}
	note := func(rows, column string) {
		for _, table := range strings.Fields(strings.ReplaceAll(rows, "JOIN ", "")) {
			held[table+" "+column[strings.LastIndex(column, ".")+1:]] = true
		}
	}
	for _, o := range houseObstacles {
		note(o.rows, o.house)
	}
	for _, hold := range residentHolds {
		note(hold.rows, hold.resident)
	}
	all, err := migrations.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, migration := range all {
		for _, statement := range migration.Statements {
			found := tableName.FindStringSubmatch(statement)
			if found == nil {
				continue
			}
			for _, line := range strings.Split(found[2], "\n") {
				column, _, _ := strings.Cut(strings.TrimSpace(line), " ")
				if column != "house_id" && column != "resident_id" && column != "replaces_id" && column != "open_house" {
					continue
				}
				if at := found[1] + " " + column; !held[at] && free[at] == "" {
					t.Errorf("%s refers to houses or residents, and does not keep them", at)
				}
			}
		}
	}
}

// An import is taken back but for whom something has come to refer to since, although nothing of their own has changed: who is
// certified in WeChat already is so by the import itself.
func TestImportUndoKeepsWhomSomethingRefersTo(t *testing.T) {
	type world struct {
		*Store
		user      core.WechatUser
		community core.ID
		tie       ResidentRow // that was imported
	}
	for name, test := range map[string]struct {
		why core.BatchWhy
		act func(t *testing.T, w world) error
	}{
		"a passage": {core.BatchRecords, func(t *testing.T, w world) error {
			return w.ImportAccessRecords(t.Context(), []core.AccessRecord{{
				Community: w.community, At: w.Now().Add(time.Minute), Via: core.ViaReader, Direction: core.Out, Kind: core.PassResident,
				Person: w.tie.Person, Resident: w.tie.ID, House: w.tie.House, Name: w.tie.Name, Allowed: true, Reason: core.ReasonAllowed,
			}})
		}},
		"a visitor": {core.BatchVisited, func(t *testing.T, w world) error {
			return discard(w.CreateVisitorPass(t.Context(), core.System, w.user.ID, core.VisitorPass{
				House: w.tie.House, Name: "来客", Until: w.Now().Add(time.Hour),
			}, RequestKey{}))
		}},
		"an exit slip": {core.BatchSlips, func(t *testing.T, w world) error {
			return discard(w.ApplyExitSlip(t.Context(), core.System, w.user.ID, core.ExitSlip{
				House: w.tie.House, Reason: "搬家", Planned: w.Now().Add(2 * time.Hour), Items: []core.ExitItem{{Name: "冰箱", Count: 1}},
			}, RequestKey{}))
		}},
		"a card": {core.BatchCarded, func(t *testing.T, w world) error {
			return w.CreateResidentCard(t.Context(), clerk, everywhere, w.tie.ID, "card-code")
		}},
		"a card that was revoked": {core.BatchCarded, func(t *testing.T, w world) error {
			if err := w.CreateResidentCard(t.Context(), clerk, everywhere, w.tie.ID, "card-code"); err != nil {
				return err
			}
			return w.RevokeResidentCard(t.Context(), clerk, everywhere, w.tie.ID)
		}},
		"an emergency": {core.BatchAided, func(t *testing.T, w world) error {
			passes, err := w.PassesOfUser(t.Context(), w.user)
			if err != nil {
				return err
			}
			at := slices.IndexFunc(passes, func(p Pass) bool { return p.Holder == w.tie.ID })
			return w.DeclareUrgent(t.Context(), core.System, w.user, passes[at].ID, "就医急诊")
		}},
		"a move that waits": {core.BatchApplied, func(t *testing.T, w world) error {
			other := newNamedHouse(t, w.Store, w.community, "9栋", "1单元", "101")
			return discard(w.CreateCertification(t.Context(), wechatActor(w.user.ID), w.user.ID, core.CertificationRequest{
				House: other, Name: "张三", Identity: core.Owner, Replaces: w.tie.ID,
			}, RequestKey{Key: "k"}))
		}},
		"a planned transfer": {core.BatchPlanned, func(t *testing.T, w world) error {
			return w.db.Write(t.Context(), "plan", func(tx *database.Tx) error {
				return database.InsertRows(tx, database.InsertInto, "house_transfer", "id, community_id, house_id, open_house, day, "+
					"resident_id, name, sex, phone_cipher, idno_cipher, family, tenants, state, why, batch_id, actor_name, "+
					"created_at, updated_at",
					[][]any{{
						int64(tx.NewID()), int64(w.community), int64(w.tie.House), int64(w.tie.House), 20990101, int64(w.tie.ID),
						"", "", "", "", "stay", "stay", "planned", "", 0, "", 0, 0,
					}})
			})
		}},
	} {
		for _, registered := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, registered before: %v", name, registered), func(t *testing.T) {
				eachStore(t, func(t *testing.T, s *Store) {
					w := world{Store: s, community: importEstate(t, s)}
					w.user = newWechatUserWithPhone(t, s, "o-zhang", "13700000001")
					if registered { // without a number: the list has it
						_, err := s.CreateResident(t.Context(), core.System, everywhere, core.Resident{
							Community: w.community, House: newNamedHouse(t, s, w.community, "2栋", "1单元", "101"), Name: "张三",
							Identity: core.Family,
						})
						if err != nil {
							t.Fatal(err)
						}
					}
					imp := writeList(t, s, readList(t, s, w.community, listOf(`姓名|身份|手机|栋|单元|房间
						张三|家属|13700000001|2|1|101
						钱七|业主|13700000007|2|1|102`)), core.DefaultImportChoices())
					found, _, err := s.Residents(t.Context(), everywhere, ResidentFilter{Keyword: "张三", Page: Page{Limit: 9}})
					if err != nil || len(found) != 2 || found[0].Certified.IsZero() ||
						registered != (imp.Written.Of(core.ImportChanged) == 1) {
						t.Fatalf("%+v, %v, %v", found, imp.Written, err)
					}
					w.tie = found[0]
					if err := test.act(t, w); err != nil {
						t.Fatal(err)
					}
					kept, _, err := s.PlanUndoImport(t.Context(), everywhere, imp)
					why := func(i core.BatchItem) bool { return i.Thing == w.tie.ID && i.Why == test.why }
					if err != nil || !slices.ContainsFunc(kept, why) {
						t.Errorf("it says beforehand that it keeps %+v, %v", kept, err)
					}
					undoList(t, s, imp)
					is, err := s.Resident(t.Context(), everywhere, w.tie.ID)
					if err != nil || is.Certified.IsZero() {
						t.Errorf("they are %+v, %v", is, err)
					}
					if n := countRows(t, s, "SELECT COUNT(*) FROM house WHERE id = "+w.tie.House.String()); n != 1 {
						t.Error("their house is gone")
					}
					if n := countRows(t, s, "SELECT COUNT(*) FROM resident"); n != 4 {
						t.Errorf("%d residents are left, want 4", n)
					}
				})
			})
		}
	}
}

// A house for which the desk has issued a slip, or into which another was merged, is kept, though nobody lives there.
func TestUndoKeepsHousesThatAreReferredTo(t *testing.T) {
	for name, test := range map[string]struct {
		why core.BatchWhy
		act func(t *testing.T, s *Store, community, house core.ID) error
	}{
		"a slip of the desk": {core.BatchSlips, func(t *testing.T, s *Store, _, house core.ID) error {
			return discard(s.CreateExitSlip(t.Context(), batchBy, everywhere, core.ExitSlip{
				House: house, Name: "装修工", Planned: s.Now().Add(time.Hour), Items: []core.ExitItem{{Name: "门板", Count: 1}},
			}))
		}},
		"another house": {core.BatchChanged, func(t *testing.T, s *Store, community, house core.ID) error {
			other := newNamedHouse(t, s, community, "9号楼", "1单元", "101")
			move := core.HouseMove{House: other, Into: house, Parent: core.NoMove}
			plan, err := s.PlanMove(t.Context(), everywhere, community, move)
			if err != nil {
				return err
			}
			return discard(s.MoveHouses(t.Context(), core.System, everywhere, community, move, plan.Seen))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, s *Store) {
				community := newCommunity(t, s, "翠湖花园")
				batch, err := s.CreateMissingHouses(t.Context(), batchBy, everywhere, community, [][]string{
					{"9栋", "1单元", "101"}, {"9栋", "1单元", "102"},
				})
				if err != nil {
					t.Fatal(err)
				}
				house, err := s.HouseByText(t.Context(), everywhere, community, "9栋1单元101")
				if err != nil {
					t.Fatal(err)
				}
				if err := test.act(t, s, community, house.ID); err != nil {
					t.Fatal(err)
				}
				kept, _, err := s.PlanUndo(t.Context(), everywhere, batch.ID)
				if err != nil || len(kept) != 1 || kept[0].Thing != house.ID || kept[0].Why != test.why {
					t.Errorf("kept: %+v, %v", kept, err)
				}
			})
		})
	}
}

// Whom a visitor was invited by, or a slip applied for, moves out instead of being deleted.
func TestAHostIsNotDeleted(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		importEstate(t, s)
		user := newWechatUserWithPhone(t, s, "o-zhang", "13700000001")
		zhang := theResident(t, s, "张三")
		if _, err := s.CreateVisitorPass(t.Context(), core.System, user.ID, core.VisitorPass{
			House: zhang.House, Name: "来客", Until: s.Now().Add(time.Hour),
		}, RequestKey{}); err != nil {
			t.Fatal(err)
		}
		err := s.RemoveResidents(t.Context(), core.System, everywhere, []core.ID{zhang.ID})
		if wantCode(t, err, core.CodeConflict); !strings.Contains(core.MessageOf(err), "有访客的申请或通行证，不能删除") {
			t.Error(core.MessageOf(err))
		}
		held, err := s.ResidentsHeld(t.Context(), []core.ID{zhang.ID, theResident(t, s, "李四").ID})
		if err != nil || len(held) != 1 || held[zhang.ID] != core.BatchVisited {
			t.Errorf("held: %v, %v", held, err)
		}
	})
}

func newNamedHouse(t *testing.T, s *Store, community core.ID, names ...string) core.ID {
	t.Helper()
	ids, err := s.CreateHouses(t.Context(), core.System, everywhere, community, [][]string{names})
	if err != nil {
		t.Fatal(err)
	}
	return ids[0]
}
