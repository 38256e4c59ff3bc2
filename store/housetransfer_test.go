package store

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// transferWorld is a house with an owner, family and a tenant, all of them certified.
type transferWorld struct {
	*Store
	t                     *testing.T
	clock                 *testClock
	community, house      core.ID
	owner, family, tenant core.ID
	user                  core.WechatUser // the owner's
}

func eachTransfer(t *testing.T, do func(w *transferWorld)) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := &transferWorld{Store: s, t: t, clock: clock, community: newCommunity(t, s, "翠湖花园")}
		w.house = newHouses(t, s, w.community, 1)[0]
		people := []core.Resident{
			{Name: "赵业主", Identity: core.Owner, Phone: "13800138001", Certified: testNow},
			{Name: "赵小宝", Identity: core.Family, Certified: testNow},
			{Name: "钱租客", Identity: core.Tenant, Phone: "13800138003", Certified: testNow},
		}
		for i := range people {
			people[i].House = w.house
		}
		ids, err := s.CreateResidents(t.Context(), core.System, everywhere, w.community, people)
		if err != nil {
			t.Fatal(err)
		}
		w.owner, w.family, w.tenant = ids[0], ids[1], ids[2]
		w.user = newWechatUserWithPhone(t, s, "o-owner", "13800138001")
		do(w)
	})
}

// to is a transfer of today to a person of another house; family leaves, the tenant stays.
func (w *transferWorld) to(name, phone string) core.HouseTransfer {
	return core.HouseTransfer{
		House: w.house, Day: core.DayOf(w.Now(), w.Zone()), Family: core.TransferLeave, Tenants: core.TransferStay,
		Owner: core.Resident{Name: name, Phone: phone},
	}
}

// transfer plans and does it.
func (w *transferWorld) transfer(h core.HouseTransfer) (core.Batch, error) {
	w.t.Helper()
	plan, err := w.PlanTransfer(w.t.Context(), everywhere, h)
	if err != nil {
		return core.Batch{}, err
	}
	return w.TransferHouse(w.t.Context(), core.System, everywhere, h, plan.Seen)
}

// home is who lives in the house, as "name identity" in the order of a list.
func (w *transferWorld) home() string {
	w.t.Helper()
	ids, err := peopleOfHouse(w.allOf(w.t.Context()), w.community, w.house)
	if err != nil {
		w.t.Fatal(err)
	}
	rows, err := w.residentRows(w.t.Context(), ids, false)
	if err != nil {
		w.t.Fatal(err)
	}
	var texts []string
	for _, r := range rows {
		texts = append(texts, r.Name+r.Identity.Label())
	}
	return strings.Join(texts, " ")
}

func (w *transferWorld) count(query string) int { return countRows(w.t, w.Store, query) }

const beforeTransfer = "赵业主业主 赵小宝家属 钱租客长期租客"

func TestTransferHouse(t *testing.T) {
	eachTransfer(t, func(w *transferWorld) {
		before := snapshotPeople(w)
		batch, err := w.transfer(w.to("孙新主", "13900139000"))
		if err != nil || batch.Size != 3 {
			w.t.Fatalf("%+v, %v", batch, err)
		}
		if got := w.home(); got != "孙新主业主 钱租客长期租客" {
			w.t.Errorf("after it: %s", got)
		}
		if passes := passNames(w.t, w.Store, w.user.Person); len(passes) != 0 {
			w.t.Errorf("the former owner's passes: %v", passes)
		}
		if houses, err := w.Households(w.t.Context(), w.user.ID); err != nil || len(houses) != 0 {
			w.t.Errorf("the former owner's houses: %v, %v", houses, err)
		}
		if n := w.count("SELECT COUNT(*) FROM message WHERE kind = 'household' AND title LIKE '%已办理过户%'"); n != 1 {
			w.t.Errorf("the former owner is told %d times", n)
		}
		if n := w.count("SELECT COUNT(*) FROM audit_log WHERE action = 'house.transfer'"); n != 1 {
			w.t.Errorf("%d lines", n)
		}
		if n := w.count("SELECT COUNT(*) FROM house_transfer WHERE state = 'done' AND name = '' AND open_house IS NULL"); n != 1 {
			w.t.Errorf("%d transfers done", n)
		}
		undone, err := w.UndoBatch(w.t.Context(), core.System, everywhere, batch.ID)
		if err != nil || undone.State() != core.BatchUndone || w.home() != beforeTransfer || snapshotPeople(w) != before {
			w.t.Errorf("%+v, %v: %s\n%s\n%s", undone, err, w.home(), before, snapshotPeople(w))
		}
		if passes := passNames(w.t, w.Store, w.user.Person); len(passes) != 1 {
			w.t.Errorf("the owner's passes after all: %v", passes)
		}
	})
}

// snapshotPeople is what the register has of the house's people, but for the times.
func snapshotPeople(w *transferWorld) string {
	w.t.Helper()
	var rows []string
	if err := w.db.All(w.t.Context(), &rows, `
		SELECT CONCAT(t.id, ' ', t.person_id, ' ', t.name, ' ', t.identity, ' ', t.lease_day, ' ', COALESCE(t.certified_at, 0), ' ',
			COALESCE(t.moved_out_at, 0), ' ', COALESCE(p.id, 0), ' ', COALESCE(p.disabled_at, 0))
		FROM resident t
		LEFT JOIN pass p ON p.kind = 'resident' AND p.holder_id = t.id
		WHERE t.community_id = `+w.community.String()+" ORDER BY t.id"); err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(rows, "\n")
}

// A resident of the house becomes its owner, and stays the same person with the same pass.
func TestTransferToSomebodyOfTheHouse(t *testing.T) {
	eachTransfer(t, func(w *transferWorld) {
		h := w.to("", "")
		h.Existing, h.Family, h.Tenants = w.tenant, core.TransferStay, core.TransferLeave
		pass := residentOf(w.t, w.Store, w.tenant).Pass
		before := snapshotPeople(w)
		batch, err := w.transfer(h)
		if err != nil || w.home() != "钱租客业主 赵小宝家属" {
			w.t.Fatalf("%v: %s", err, w.home())
		}
		if r := residentOf(w.t, w.Store, w.tenant); r.Pass != pass || r.PassDisabled || r.Certified.IsZero() {
			w.t.Errorf("%+v", r)
		}
		if _, err := w.UndoBatch(w.t.Context(), core.System, everywhere, batch.ID); err != nil || snapshotPeople(w) != before {
			w.t.Errorf("%v: %s", err, w.home())
		}
	})
}

// What was changed since is kept, and then all of it: a house must not have both owners.
func TestATransferIsTakenBackAsAWhole(t *testing.T) {
	eachTransfer(t, func(w *transferWorld) {
		batch, err := w.transfer(w.to("孙新主", "13900139000"))
		if err != nil {
			w.t.Fatal(err)
		}
		w.clock.Add(time.Minute)
		newWechatUserWithPhone(w.t, w.Store, "o-new", "13900139000") // certifies the new owner
		undone, err := w.UndoBatch(w.t.Context(), core.System, everywhere, batch.ID)
		if err != nil || undone.State() != core.BatchKept || w.home() != "孙新主业主 钱租客长期租客" {
			w.t.Errorf("%+v, %v: %s", undone, err, w.home())
		}
	})
}

func TestTransfersThatAreRefused(t *testing.T) {
	eachTransfer(t, func(w *transferWorld) {
		today := core.DayOf(w.Now(), w.Zone())
		for field, h := range map[string]core.HouseTransfer{
			"day":      {Day: today - 1, Owner: core.Resident{Name: "孙", Phone: "13900139000"}},
			"phone":    {Day: today, Owner: core.Resident{Name: "孙"}},
			"name":     {Day: today, Owner: core.Resident{Phone: "13900139000"}},
			"existing": {Day: today, Existing: w.owner},
		} {
			h.House, h.Family, h.Tenants = w.house, core.TransferLeave, core.TransferStay
			_, err := w.transfer(h)
			wantField(w.t, err, field)
		}
		h := w.to("孙新主", "13900139000")
		h.Family = ""
		_, err := w.transfer(h)
		wantField(w.t, err, "family")
		_, err = w.transfer(w.to("别人", "13800138003")) // the tenant's number: choose the tenant
		wantField(w.t, err, "phone")
		plan, err := w.PlanTransfer(w.t.Context(), everywhere, w.to("孙新主", "13900139000"))
		if err != nil {
			w.t.Fatal(err)
		}
		newResident(w.t, w.Store, w.community, w.house, "新来的", "13900139001")
		_, err = w.TransferHouse(w.t.Context(), core.System, everywhere, w.to("孙新主", "13900139000"), plan.Seen)
		wantCode(w.t, err, core.CodeConflict)
		other := core.ScopeOf(newCommunity(w.t, w.Store, "别的小区"))
		_, err = w.TransferHouse(w.t.Context(), core.System, other, w.to("孙新主", "13900139000"), plan.Seen)
		wantCode(w.t, err, core.CodeNotFound)
		if w.home() != "赵业主业主 新来的业主 赵小宝家属 钱租客长期租客" {
			w.t.Errorf("a refused transfer changed %s", w.home())
		}
	})
}

// One that is planned takes effect on its day, once, though two servers look; it may be cancelled before.
func TestPlannedTransfers(t *testing.T) {
	eachTransfer(t, func(w *transferWorld) {
		ctx := w.t.Context()
		h := w.to("孙新主", "13900139000")
		h.Day += 3
		if _, err := w.transfer(h); err != nil {
			w.t.Fatal(err)
		}
		_, err := w.transfer(h)
		wantCode(w.t, err, core.CodeConflict)
		if got, err := w.PlannedTransfer(ctx, everywhere, w.house); err != nil || got.Owner.Name != "孙新主" ||
			strings.Contains(got.Owner.Phone, "39000") || got.Day != h.Day {
			w.t.Errorf("%+v, %v", got, err)
		}
		_, err = w.PlannedTransfer(ctx, core.ScopeOf(1), w.house)
		wantCode(w.t, err, core.CodeNotFound)
		if err := w.CancelTransfer(ctx, core.System, everywhere, w.house); err != nil {
			w.t.Fatal(err)
		}
		wantCode(w.t, w.CancelTransfer(ctx, core.System, everywhere, w.house), core.CodeNotFound)
		if n := w.count("SELECT COUNT(*) FROM house_transfer WHERE name <> '' OR phone_cipher <> ''"); n != 0 {
			w.t.Error("who it was to be is kept")
		}
		if _, err := w.transfer(h); err != nil {
			w.t.Fatal(err)
		}
		due := func() {
			var both sync.WaitGroup
			for range 2 {
				both.Go(func() {
					if err := w.TransferDueHouses(ctx); err != nil {
						w.t.Error(err)
					}
				})
			}
			both.Wait()
		}
		due()
		if w.home() != beforeTransfer {
			w.t.Errorf("before its day: %s", w.home())
		}
		w.clock.Add(3 * 24 * time.Hour)
		due()
		if w.home() != "孙新主业主 钱租客长期租客" || w.count("SELECT COUNT(*) FROM batch WHERE kind = 'house.transfer'") != 1 {
			w.t.Errorf("on its day: %s", w.home())
		}
	})
}

// What is in the way of a planned one is told the office, naming nobody, and nothing is changed.
func TestAPlannedTransferThatFails(t *testing.T) {
	eachTransfer(t, func(w *transferWorld) {
		h := w.to("孙新主", "13900139000")
		h.Day++
		if _, err := w.transfer(h); err != nil {
			w.t.Fatal(err)
		}
		newResident(w.t, w.Store, w.community, w.house, "孙新主", "13900139000")
		office, err := w.CreateAccount(w.t.Context(), core.SystemGranter, core.Account{
			Login: "registrar", Name: "登记员", Role: core.RoleClerk, Scope: everywhere,
			Permissions: []core.Permission{core.PermResidentView, core.PermResidentEdit},
		}, testPassword)
		if err != nil {
			w.t.Fatal(err)
		}
		before := w.home()
		w.clock.Add(24 * time.Hour)
		if err := w.TransferDueHouses(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		failed := "SELECT COUNT(*) FROM house_transfer WHERE state = 'failed' AND why <> ''"
		if w.home() != before || w.count(failed) != 1 {
			w.t.Errorf("%s; %d failed", w.home(), w.count(failed))
		}
		if n := w.count("SELECT COUNT(*) FROM audit_log WHERE action = 'house.fail_transfer'"); n != 1 {
			w.t.Errorf("%d lines", n)
		}
		var titles []string
		if err := w.db.All(w.t.Context(), &titles, "SELECT title FROM notice WHERE account_id = ?", int64(office)); err != nil {
			w.t.Fatal(err)
		}
		if len(titles) != 1 || !strings.Contains(titles[0], "没有办成") || strings.Contains(titles[0], "孙新主") {
			w.t.Errorf("the office is told %q", titles)
		}
	})
}

// A number or an ID number that another name has is told of before, and nothing is done about one that came about since. That of
// who moved out of the house is told of, too.
func TestATransferTellsWhoElseHasTheNumbers(t *testing.T) {
	eachTransfer(t, func(w *transferWorld) {
		ctx := w.t.Context()
		other := newNamedHouse(w.t, w.Store, w.community, "9栋", "1单元", "901")
		if _, err := w.CreateResident(ctx, core.System, everywhere, core.Resident{
			Community: w.community, House: other, Name: "王秀兰", Identity: core.Owner, Phone: "13900139009", IDNumber: "E12345678",
		}); err != nil {
			w.t.Fatal(err)
		}
		former := newResident(w.t, w.Store, w.community, w.house, "冯四", "13900139004")
		if err := w.MoveOut(ctx, core.System, everywhere, former); err != nil {
			w.t.Fatal(err)
		}
		for name, test := range map[string]struct {
			owner core.Resident
			want  []string
		}{
			"nobody's":               {core.Resident{Name: "孙新主", Phone: "13900139000", IDNumber: "E87654321"}, nil},
			"their own":              {core.Resident{Name: "王秀兰", Phone: "13900139009", IDNumber: "E12345678"}, nil},
			"another's":              {core.Resident{Name: "孙新主", Phone: "13900139009"}, []string{"该手机号已登记给“王**”（9栋1单元901）"}},
			"another's ID number":    {core.Resident{Name: "孙新主", Phone: "13900139000", IDNumber: "E12345678"}, []string{"该证件号已登记给“王**”"}},
			"both":                   {core.Resident{Name: "孙新主", Phone: "13900139009", IDNumber: "E12345678"}, []string{"手机号", "证件号"}},
			"of who moved out":       {core.Resident{Name: "孙新主", Phone: "13900139004"}, []string{"已迁出的“冯*”"}},
			"who moved out, himself": {core.Resident{Name: "冯四", Phone: "13900139004"}, nil},
		} {
			h := w.to("", "")
			h.Owner = test.owner
			plan, err := w.PlanTransfer(ctx, everywhere, h)
			told := len(plan.Held) == len(test.want)
			for i := range test.want {
				told = told && strings.Contains(plan.Held[i], test.want[i])
			}
			if err != nil || !told {
				w.t.Errorf("%s: %q, %v", name, plan.Held, err)
			}
		}
		h := w.to("孙新主", "13900139008")
		plan, err := w.PlanTransfer(ctx, everywhere, h)
		if err != nil {
			w.t.Fatal(err)
		}
		newResident(w.t, w.Store, w.community, other, "李五", "13900139008")
		before := w.home()
		_, err = w.TransferHouse(ctx, core.System, everywhere, h, plan.Seen)
		if wantCode(w.t, err, core.CodeConflict); w.home() != before {
			w.t.Errorf("refused, it is %s", w.home())
		}
		if _, err := w.transfer(h); err != nil || !strings.HasPrefix(w.home(), "孙新主业主") {
			w.t.Errorf("seen and confirmed: %v, %s", err, w.home())
		}
	})
}

// On its day a planned transfer is done with a number of another name that the office has seen, though they have got another house,
// and not with one that nobody has seen.
func TestAPlannedTransferAsksOfNumbersAgain(t *testing.T) {
	for name, test := range map[string]struct {
		owner       core.Resident
		known, late string // who has the number when it is planned, and who comes to
		done        bool
	}{
		"known":                  {core.Resident{Name: "孙新主", Phone: "13900139009"}, "王秀兰", "", true},
		"known, in two houses":   {core.Resident{Name: "孙新主", Phone: "13900139009"}, "王秀兰", "王秀兰", true},
		"nobody's":               {core.Resident{Name: "孙新主", Phone: "13900139009"}, "", "", true},
		"the new owner's":        {core.Resident{Name: "孙新主", Phone: "13900139009"}, "", "孙新主", true},
		"since":                  {core.Resident{Name: "孙新主", Phone: "13900139009"}, "", "王秀兰", false},
		"since, of the ID alone": {core.Resident{Name: "孙新主", Phone: "13900139008", IDNumber: "E12345678"}, "", "王秀兰", false},
	} {
		t.Run(name, func(t *testing.T) {
			eachTransfer(t, func(w *transferWorld) {
				holds := func(name, door string) {
					w.t.Helper()
					if name == "" {
						return
					}
					if _, err := w.CreateResident(w.t.Context(), core.System, everywhere, core.Resident{
						Community: w.community, House: newNamedHouse(w.t, w.Store, w.community, "9栋", "1单元", door), Name: name,
						Identity: core.Owner, Phone: "13900139009", IDNumber: "E12345678",
					}); err != nil {
						w.t.Fatal(err)
					}
				}
				holds(test.known, "901")
				h := w.to("", "")
				h.Owner, h.Day = test.owner, h.Day+1
				if _, err := w.transfer(h); err != nil {
					w.t.Fatal(err)
				}
				holds(test.late, "902")
				before := w.home()
				w.clock.Add(24 * time.Hour)
				for range 2 {
					if err := w.TransferDueHouses(w.t.Context()); err != nil {
						w.t.Fatal(err)
					}
				}
				want := "SELECT COUNT(*) FROM house_transfer WHERE held = '' AND state = 'failed' AND why LIKE '%另一姓名%'"
				if test.done {
					want = "SELECT COUNT(*) FROM house_transfer WHERE held = '' AND state = 'done'"
				}
				if w.count(want) != 1 || test.done != (w.home() != before) {
					w.t.Errorf("%s; done: %v", w.home(), w.count(want))
				}
			})
		})
	}
}

// Of two holders whom the office has seen, one moves out before the day: the other does not matter. One who gets another name does.
func TestAPlannedTransferGoesOnAsAHolderLeaves(t *testing.T) {
	for name, renamed := range map[string]bool{"moved out": false, "renamed": true} {
		t.Run(name, func(t *testing.T) {
			eachTransfer(t, func(w *transferWorld) {
				ctx := w.t.Context()
				other := newNamedHouse(w.t, w.Store, w.community, "9栋", "1单元", "901")
				holder := newResident(w.t, w.Store, w.community, other, "王秀兰", "13900139009")
				if _, err := w.CreateResident(ctx, core.System, everywhere, core.Resident{
					Community: w.community, House: other, Name: "李五", Identity: core.Family, Phone: "13900139008", IDNumber: "E12345678",
				}); err != nil {
					w.t.Fatal(err)
				}
				h := w.to("", "")
				h.Owner, h.Day = core.Resident{Name: "孙新主", Phone: "13900139009", IDNumber: "E12345678"}, h.Day+1
				if _, err := w.transfer(h); err != nil {
					w.t.Fatal(err)
				}
				var err error
				if renamed {
					_, err = w.UpdateResident(ctx, core.System, everywhere, holder, ResidentChange{
						Name: "王秀", Identity: core.Owner, Updated: residentOf(w.t, w.Store, holder).Updated,
					})
				} else {
					err = w.MoveOut(ctx, core.System, everywhere, holder)
				}
				if err != nil {
					w.t.Fatal(err)
				}
				w.clock.Add(24 * time.Hour)
				if err := w.TransferDueHouses(ctx); err != nil {
					w.t.Fatal(err)
				}
				if done := w.count("SELECT COUNT(*) FROM house_transfer WHERE state = 'done'"); (done == 1) == renamed {
					w.t.Errorf("%s; done: %d", w.home(), done)
				}
			})
		})
	}
}

// Two at once: one house has one new owner.
func TestTransfersAtOnce(t *testing.T) {
	eachTransfer(t, func(w *transferWorld) {
		plan, err := w.PlanTransfer(w.t.Context(), everywhere, w.to("孙新主", "13900139000"))
		if err != nil {
			w.t.Fatal(err)
		}
		errs := make([]error, 2)
		var both sync.WaitGroup
		for i, phone := range []string{"13900139000", "13900139009"} {
			both.Go(func() {
				_, errs[i] = w.TransferHouse(w.t.Context(), core.System, everywhere, w.to("孙新主", phone), plan.Seen)
			})
		}
		both.Wait()
		if slices.Contains(errs, nil) != slices.ContainsFunc(errs, core.IsConflict) || w.home() != "孙新主业主 钱租客长期租客" {
			w.t.Errorf("%v: %s", errs, w.home())
		}
	})
}

// What an undo would keep is known before, and finding it out changes nothing.
func TestPlanUndo(t *testing.T) {
	eachTransfer(t, func(w *transferWorld) {
		batch, err := w.MoveOutAll(w.t.Context(), core.System, everywhere, []core.ID{w.family, w.tenant})
		if err != nil {
			w.t.Fatal(err)
		}
		if kept, _, err := w.PlanUndo(w.t.Context(), everywhere, batch.ID); err != nil || len(kept) != 0 || w.home() != "赵业主业主" {
			w.t.Errorf("%+v, %v: %s", kept, err, w.home())
		}
		w.clock.Add(time.Minute)
		if err := w.RestoreResident(w.t.Context(), core.System, everywhere, w.tenant); err != nil {
			w.t.Fatal(err)
		}
		lines := w.count("SELECT COUNT(*) FROM audit_log")
		kept, _, err := w.PlanUndo(w.t.Context(), everywhere, batch.ID)
		if err != nil || len(kept) != 1 || kept[0].Thing != w.tenant || kept[0].Why != core.BatchChanged ||
			!strings.Contains(kept[0].Name, "钱租客") {
			w.t.Errorf("%+v, %v", kept, err)
		}
		if w.count("SELECT COUNT(*) FROM audit_log") != lines || w.home() != "赵业主业主 钱租客长期租客" {
			w.t.Error("planning changed something")
		}
		_, _, err = w.PlanUndo(w.t.Context(), core.ScopeOf(1), batch.ID)
		wantCode(w.t, err, core.CodeNotFound)
	})
}

// While a transfer is planned its house is neither merged nor deleted, and nothing else transfers it.
func TestAPlannedTransferHoldsItsHouse(t *testing.T) {
	eachTransfer(t, func(w *transferWorld) {
		ctx := w.t.Context()
		paths := [][]string{{"9", "1", "901"}, {"9", "1", "902"}}
		batch, err := w.CreateMissingHouses(ctx, core.System, everywhere, w.community, paths)
		if err != nil {
			w.t.Fatal(err)
		}
		var ids []core.ID
		if err := w.db.All(ctx, &ids, "SELECT id FROM house WHERE name IN ('901', '902') ORDER BY name"); err != nil || len(ids) != 2 {
			w.t.Fatalf("%v, %v", ids, err)
		}
		planned := ids[0]
		move := core.HouseMove{House: planned, Into: ids[1], Parent: core.NoMove}
		before, err := w.PlanMove(ctx, everywhere, w.community, move)
		if err != nil {
			w.t.Fatal(err)
		}
		h := w.to("孙新主", "13900139000")
		h.House, h.Day = planned, h.Day+1
		seen, err := w.PlanTransfer(ctx, everywhere, h)
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.transfer(h); err != nil {
			w.t.Fatal(err)
		}
		held := func(what string, err error) {
			w.t.Helper()
			if !core.IsConflict(err) || !strings.Contains(core.MessageOf(err), "请先取消") {
				w.t.Errorf("%s: %v", what, err)
			}
		}
		held("planned twice", discard(w.transfer(h)))
		now := h
		now.Day--
		held("transferred at once", discard(w.transfer(now)))
		held("transferred at once as it was planned", discard(w.TransferHouse(ctx, core.System, everywhere, now, seen.Seen)))
		held("merged as it was planned", discard(w.MoveHouses(ctx, core.System, everywhere, w.community, move, before.Seen)))
		held("merged", discard(w.PlanMove(ctx, everywhere, w.community, move)))
		move.House, move.Into = move.Into, move.House
		held("another merged into it", discard(w.PlanMove(ctx, everywhere, w.community, move)))
		held("deleted", w.RemoveHouse(ctx, core.System, everywhere, planned))
		if kept, _, err := w.PlanUndo(ctx, everywhere, batch.ID); err != nil || len(kept) != 1 || kept[0].Why != core.BatchPlanned {
			w.t.Errorf("its generation taken back: %+v, %v", kept, err)
		}
		if err := w.CancelTransfer(ctx, core.System, everywhere, planned); err != nil {
			w.t.Fatal(err)
		}
		if err := w.RemoveHouse(ctx, core.System, everywhere, planned); err != nil {
			w.t.Errorf("after it was cancelled: %v", err)
		}
	})
}

// One that cannot be done is ended with the reason, though the number of its new owner cannot be read, and those after it are
// done.
func TestATransferThatCannotBeReadEnds(t *testing.T) {
	eachTransfer(t, func(w *transferWorld) {
		ctx := w.t.Context()
		h := w.to("孙新主", "13900139000")
		h.Day++
		if _, err := w.transfer(h); err != nil {
			w.t.Fatal(err)
		}
		if err := w.db.Write(ctx, "break a number", func(tx *database.Tx) error {
			return discard(tx.Exec("UPDATE house_transfer SET phone_cipher = 'broken'"))
		}); err != nil {
			w.t.Fatal(err)
		}
		other := newHouses(w.t, w.Store, newCommunity(w.t, w.Store, "海棠苑"), 1)[0]
		h.House = other
		if _, err := w.transfer(h); err != nil {
			w.t.Fatal(err)
		}
		w.clock.Add(24 * time.Hour)
		if err := w.TransferDueHouses(ctx); err != nil {
			w.t.Fatal(err)
		}
		if n := w.count("SELECT COUNT(*) FROM house_transfer WHERE state = 'failed' AND why LIKE '%无法解密%'"); n != 1 {
			w.t.Errorf("%d failed", n)
		}
		if n := w.count("SELECT COUNT(*) FROM house_transfer WHERE state = 'done' AND house_id = " + other.String()); n != 1 {
			w.t.Errorf("%d done", n)
		}
		if w.home() != beforeTransfer {
			w.t.Errorf("at home: %s", w.home())
		}
	})
}

func TestDoEachGoesOn(t *testing.T) {
	var done []core.ID
	broken := errors.New("broken")
	err := doEach(t.Context(), []core.ID{1, 2, 3}, func(id core.ID) error {
		if id == 1 {
			return broken
		}
		done = append(done, id)
		return nil
	})
	if !errors.Is(err, broken) || !slices.Equal(done, []core.ID{2, 3}) {
		t.Errorf("%v, %v", done, err)
	}
}

// Transfers that are over are deleted by their age; one that is still to come stays, however long ago it was planned.
func TestTransfersThatAreOverArePurged(t *testing.T) {
	eachTransfer(t, func(w *transferWorld) {
		ctx := w.t.Context()
		batch, err := w.transfer(w.to("孙新主", "13900139000"))
		if err != nil {
			w.t.Fatal(err)
		}
		done := w.Now()
		planned := w.to("周新主", "13900139001")
		planned.House, planned.Day = newHouses(w.t, w.Store, newCommunity(w.t, w.Store, "海棠苑"), 1)[0], planned.Day+300
		if _, err := w.transfer(planned); err != nil {
			w.t.Fatal(err)
		}
		w.clock.Add(200 * 24 * time.Hour)
		later := w.to("吴新主", "13900139002")
		if _, err := w.transfer(later); err != nil {
			w.t.Fatal(err)
		}
		if n, err := w.PurgeHouseTransfers(ctx, done); n != 0 || err != nil {
			w.t.Errorf("before it was done: %d, %v", n, err)
		}
		if old, err := w.CountOld(ctx, w.Now().Add(-time.Hour), time.Time{}); old.Transfers != 1 || err != nil {
			t.Errorf("%+v are counted before, %v", old, err)
		}
		if n, err := w.PurgeHouseTransfers(ctx, w.Now().Add(-time.Hour)); n != 1 || err != nil {
			w.t.Errorf("long after: %d, %v", n, err)
		}
		if n := w.count("SELECT COUNT(*) FROM house_transfer WHERE state = 'planned' AND name = '周新主'"); n != 1 {
			w.t.Errorf("%d planned", n)
		}
		if n := w.count("SELECT COUNT(*) FROM house_transfer WHERE state = 'done'"); n != 1 {
			w.t.Errorf("%d of today", n)
		}
		if b, err := w.Batch(ctx, everywhere, batch.ID); err != nil || b.Size != 3 {
			w.t.Errorf("its batch: %+v, %v", b, err)
		}
	})
}
