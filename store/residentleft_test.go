package store

import (
	"errors"
	"testing"

	"tongxing/core"
)

// leftWithNumber is somebody who moved out of a house, with all that is known of them, and a number that others may get.
func leftWithNumber(t *testing.T, s *Store, community, house core.ID) ResidentRow {
	t.Helper()
	left := newPerson(t, s, core.Resident{
		Community: community, House: house, Name: "阿依·古丽", Sex: "female", Identity: core.Family, Phone: applicantPhone,
		IDNumber: "E12345678",
	})
	recordOf(t, s, left)
	if err := s.MoveOut(t.Context(), core.System, everywhere, left.ID); err != nil {
		t.Fatal(err)
	}
	return residentOf(t, s, left.ID)
}

// stillLeft checks that who moved out is what they were.
func stillLeft(t *testing.T, s *Store, was ResidentRow) {
	t.Helper()
	if is := residentOf(t, s, was.ID); is.Resident != was.Resident {
		t.Errorf("who moved out is %+v, was %+v", is.Resident, was.Resident)
	}
}

// Another name with the number of who moved out of the house is another resident, after a question, and takes neither their record
// nor their way back.
func TestWhoMovedOutKeepsTheirRecord(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		left := leftWithNumber(t, s, community, house)
		r := core.Resident{
			Community: community, House: house, Name: "赵二", Identity: core.Owner, Phone: applicantPhone, AskNumber: true,
		}
		if _, err := s.CreateResident(t.Context(), core.System, everywhere, r); !core.IsNumberHeld(err) {
			t.Fatalf("not asked: %v", err)
		}
		r.AskNumber = false
		id, err := s.CreateResident(t.Context(), core.System, everywhere, r)
		if err != nil || id == left.ID {
			t.Fatalf("added as %d, %v", id, err)
		}
		stillLeft(t, s, left)
		if _, err := s.CreateResident(t.Context(), core.System, everywhere, r); err == nil {
			t.Error("added twice")
		}
		if err := s.RestoreResident(t.Context(), core.System, everywhere, left.ID); err != errTieTaken {
			t.Errorf("restored beside who has the number: %v", err)
		}
		if err := s.MoveOut(t.Context(), core.System, everywhere, id); err != nil {
			t.Fatal(err)
		}
		if err := s.RestoreResident(t.Context(), core.System, everywhere, left.ID); err != nil {
			t.Errorf("restored: %v", err)
		}
	})
}

// Another spelling of the name is the same person, who comes back with the ID number that is known.
func TestWhoMovedOutComesBackHoweverTheNameIsSpelled(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		left := leftWithNumber(t, s, community, house)
		id, err := s.CreateResident(t.Context(), core.System, everywhere, core.Resident{
			Community: community, House: house, Name: "阿依 古丽", Identity: core.Owner, Phone: applicantPhone, AskNumber: true,
		})
		if is := residentOf(t, s, left.ID); err != nil || id != left.ID || is.IDNumber == "" || !is.MovedOut.IsZero() {
			t.Errorf("came back as %d: %+v, %v", id, is.Resident, err)
		}
	})
}

// Taking back a moving out keeps out whose number somebody else has in the house by now.
func TestUndoingAMoveOutLeavesTheNumberToWhoHasIt(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		one := newResident(t, s, community, house, "王秀兰", applicantPhone)
		batch, err := s.MoveOutAll(t.Context(), core.System, everywhere, []core.ID{one})
		if err != nil {
			t.Fatal(err)
		}
		newResident(t, s, community, house, "赵二", applicantPhone)
		if _, err := s.UndoBatch(t.Context(), importer1, everywhere, batch.ID); err != nil {
			t.Fatal(err)
		}
		if residentOf(t, s, one).MovedOut.IsZero() {
			t.Error("two live there with one number")
		}
	})
}

// Who is approved gets a record of their own beside that of somebody else who moved out with the number.
func TestAnApprovalTakesNobodysRecord(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, _ *testClock) {
		left := leftWithNumber(w.t, w.Store, w.community, w.house)
		own := w.apply(w.request("赵二"))
		matches, err := w.ReviewMatches(w.t.Context(), everywhere, []core.Review{own.Review})
		if m := matches[own.Review.ID]; err != nil || m.Name != "" || m.Left != left.Name || m.Enough {
			w.t.Errorf("foretold: %+v, %v", m, err)
		}
		r, err := w.decide(w.zhang, own.Review, true)
		if err != nil || r.State != core.ReviewApproved || w.certified() != "赵二" {
			w.t.Errorf("%v, %v: %s", r.State, err, w.certified())
		}
		stillLeft(w.t, w.Store, left)
	})
}

// A list is refused what would be somebody else's by the number.
func TestAListTakesNobodysRecord(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		left := leftWithNumber(t, s, community, house)
		imp := readList(t, s, community, listOf("姓名|身份|手机|证件号|房屋\n赵二|业主|"+applicantPhone+"||"+left.HouseLabel+
			"\n阿依古丽|家属|13700000009|E12345678|"+left.HouseLabel))
		wantRows(t, s, imp, "2 wrong !与登记冲突", "3 new")
		writeList(t, s, imp, core.ImportChoices{Known: core.ImportFill, Back: true})
		stillLeft(t, s, left)
	})
}

// Two who had one number one after the other move with their house, each with their record.
func TestJoinedHousesKeepWhoHadTheNumber(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newTypedTwice(t, s)
		left := leftWithNumber(t, w.Store, w.community, w.houses[2])
		newResident(t, w.Store, w.community, w.houses[2], "赵二", applicantPhone)
		newResident(t, w.Store, w.community, w.houses[0], "赵二", applicantPhone)
		before := countRows(t, w.Store, "SELECT COUNT(*) FROM resident WHERE name = '赵二' AND moved_out_at IS NULL")
		batch := w.do(core.HouseMove{House: w.houses[2], Into: w.houses[0], Parent: core.NoMove})
		after := countRows(t, w.Store, "SELECT COUNT(*) FROM resident WHERE name = '赵二' AND moved_out_at IS NULL")
		if is := residentOf(t, w.Store, left.ID); before != 2 || after != 1 || is.House != w.houses[0] {
			t.Errorf("%d of %d live there; who had moved out is in %d", after, before, is.House)
		}
		if _, err := w.UndoBatch(t.Context(), importer1, everywhere, batch.ID); err != nil {
			t.Fatal(err)
		}
		stillLeft(t, w.Store, left)
	})
}

// A reviewer reads that an applicant comes back.
func TestAnApprovalForetellsWhoComesBack(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, _ *testClock) {
		left := leftWithNumber(w.t, w.Store, w.community, w.house)
		own := w.apply(w.request("阿依古丽"))
		matches, err := w.ReviewMatches(w.t.Context(), everywhere, []core.Review{own.Review})
		if m := matches[own.Review.ID]; err != nil || !m.Back || m.Name != left.Name || m.Left != "" || m.Other {
			w.t.Errorf("foretold: %+v, %v", m, err)
		}
		if _, err := w.decide(w.zhang, own.Review, true); err != nil || residentOf(w.t, w.Store, left.ID).Certified.IsZero() {
			w.t.Errorf("not back: %v", err)
		}
	})
}

// A reviewer reads before the decision that the number is certified for another name, and whose it is if they may know.
func TestAReviewForetellsThatTheNumberIsTaken(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, _ *testClock) {
		t, other := w.t, newCommunity(w.t, w.Store, "海棠苑")
		holds := func(community, house core.ID) core.ID {
			id := newResident(t, w.Store, community, house, "赵强", applicantPhone)
			certifiedAtDesk(t, w.Store, id)
			return id
		}
		far := holds(other, newHouses(t, w.Store, other, 1)[0])
		own := w.apply(w.request("赵小强"))
		foretold := func() core.ReviewMatch {
			matches, err := w.ReviewMatches(t.Context(), everywhere, []core.Review{own.Review})
			if err != nil {
				t.Fatal(err)
			}
			return matches[own.Review.ID]
		}
		if m := foretold(); m.Taken != (core.Taken{Is: true}) || m.Enough {
			t.Errorf("of another community: %+v", m)
		}
		_, err := w.decide(w.zhang, own.Review, true)
		wantRefused(t, "taken", err, core.CodeConflict)
		houses, err := w.CreateHouses(t.Context(), core.System, everywhere, w.community, [][]string{{"9", "1", "101"}})
		if err != nil {
			t.Fatal(err)
		}
		near := holds(w.community, houses[0])
		if m := foretold(); m.Taken.Resident != near || m.Taken.Name != "赵强" || m.Taken.House == "" {
			t.Errorf("of the same community: %+v", m)
		}
		if _, err := w.MoveOutAll(t.Context(), core.System, everywhere, []core.ID{near, far}); err != nil {
			t.Fatal(err)
		}
		if m := foretold(); m.Taken.Is {
			t.Errorf("after they moved out: %+v", m)
		}
		if _, err := w.decide(w.zhang, own.Review, true); err != nil {
			t.Errorf("approved: %v", err)
		}
	})
}

// Who moved out is not restored, nor by taking back what moved them out, while the number is certified for another name elsewhere:
// who has it keeps their pass. With the same name, or not certified, they come back.
func TestNobodyComesBackByANumberThatIsAnothers(t *testing.T) {
	for name, test := range map[string]struct {
		other     string
		certified bool
		refused   bool
	}{
		"another name":                {"钱强", true, true},
		"another name, not certified": {"钱强", false, false},
		"the same name":               {"赵业主", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			eachTransfer(t, func(w *transferWorld) {
				ctx := w.t.Context()
				batch, err := w.transfer(w.to("孙新主", "13900139000"))
				if err != nil {
					w.t.Fatal(err)
				}
				r := core.Resident{
					Community: w.community, House: newNamedHouse(w.t, w.Store, w.community, "9栋", "1单元", "901"), Name: test.other,
					Identity: core.Owner, Phone: "13800138001",
				}
				if test.certified {
					r.Certified = w.Now()
				}
				other := newPerson(w.t, w.Store, r)
				after := w.home()
				undone, err := w.UndoBatch(ctx, core.System, everywhere, batch.ID)
				if err != nil || test.refused != (undone.State() == core.BatchKept && w.home() == after) {
					w.t.Errorf("taken back: %+v, %v, %s", undone, err, w.home())
				}
				if !test.refused {
					return
				}
				if err := w.RestoreResident(ctx, core.System, everywhere, w.owner); !errors.Is(err, errNumberTaken) {
					w.t.Errorf("restored: %v", err)
				}
				if is := residentOf(w.t, w.Store, other.ID); is.Certified.IsZero() {
					w.t.Error("who has the number is certified no more")
				}
				if err := w.MoveOut(ctx, core.System, everywhere, other.ID); err != nil {
					w.t.Fatal(err)
				}
				if err := w.RestoreResident(ctx, core.System, everywhere, w.owner); err != nil {
					w.t.Errorf("once it is free: %v", err)
				}
			})
		})
	}
}

// A reviewer is told before an approval that another name of the community has the applicant's ID number, wherever that lives; it is
// then not approved from a list.
func TestAReviewNamesWhoHasTheIDNumber(t *testing.T) {
	for name, test := range map[string]struct {
		holder string
		leaves bool
		want   string
	}{
		"another name":             {"王秀兰", false, "王秀兰"},
		"the applicant":            {"赵 二", false, ""},
		"another name, who is out": {"王秀兰", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, s *Store) {
				w := newReviewWorld(t, s)
				house := newNamedHouse(t, s, w.community, "9栋", "1单元", "901")
				holder := newPerson(t, s, core.Resident{
					Community: w.community, House: house, Name: test.holder, Identity: core.Owner, IDNumber: "E12345678",
				})
				newPerson(t, s, core.Resident{
					Community: w.community, House: w.house, Name: "赵二", Identity: core.Owner, Phone: applicantPhone,
				})
				request := w.request("赵尔") // one character off: it waits, and would be enough for a list
				request.IDNumber = "E12345678"
				own := w.apply(request)
				if test.leaves {
					if err := s.MoveOut(t.Context(), core.System, everywhere, holder.ID); err != nil {
						t.Fatal(err)
					}
				}
				matches, err := s.ReviewMatches(t.Context(), everywhere, []core.Review{own.Review})
				m := matches[own.Review.ID]
				if err != nil || m.IDName != test.want || m.Enough != (test.want == "") || (m.IDHouse != "") != (test.want != "") {
					t.Errorf("%+v, %v", m, err)
				}
			})
		})
	}
}
