package store

import (
	"slices"
	"testing"
	"time"

	"tongxing/core"
)

// A resident sees who looked at their passages: the office once an hour, a guard who looked them up; not who is of another community,
// and nothing of others.
func TestResidentsSeeWhoLooked(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newScanSite(t, s, 2)
		user := newWechatUserWithPhone(t, s, "o13900000000", "13900000000")
		other := newWechatUserWithPhone(t, s, "o13900000001", "13900000001")
		clerk := core.Looker{Actor: core.Actor{Kind: core.ActorAccount, ID: 7, Name: "张小明"}, As: core.LookOffice}
		look := func(scope core.Scope) {
			t.Helper()
			mustDo(t, s.LookAtRecords(t.Context(), clerk, scope, core.RecordFilter{Person: user.Person}, nil))
		}
		look(everywhere)
		look(everywhere)
		look(core.ScopeOf(1))
		post, err := s.GuardPost(t.Context(), everywhere, p.post)
		mustDo(t, err)
		guard := core.Actor{Kind: core.ActorWechat, ID: 8, Name: "李师傅"}
		mustDo(t, s.LookAtPass(t.Context(), guard, post, p.passes[0]))
		clock.Add(2 * time.Hour)
		look(everywhere)
		list, more, err := s.OwnLooks(t.Context(), user, Page{Limit: 9})
		if err != nil || more || len(list) != 3 {
			t.Fatalf("%d looks, %v", len(list), err)
		}
		for i, want := range []string{"物业 张**", "门岗 李**", "物业 张**"} {
			if who := core.LookerText(list[i]); who != want || core.LookText(list[i].Action) != "出入记录" {
				t.Errorf("look %d: %s, %s", i, who, list[i].Action)
			}
		}
		if list, _, err := s.OwnLooks(t.Context(), other, Page{Limit: 9}); err != nil || len(list) != 0 {
			t.Errorf("another sees %d looks, %v", len(list), err)
		}
		acts, err := s.ActsUpon(t.Context(), everywhere, []string{list[0].Target}, 9)
		if err != nil || slices.ContainsFunc(acts, func(a core.ThingAct) bool { return a.Record.Action == lookAct }) {
			t.Errorf("what happened to the resident has looks: %+v, %v", acts, err)
		}
	})
}

// A look is noted for all whom it names, by whatever way it is, and for nobody else: by person, by house, by a search
// and by a file, of the office and of an observer. A list of everybody is no look at anybody.
func TestEveryWayOfLookingIsNoted(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newScanSite(t, s, 3) // each lives in a house of their own
		newResident(t, s, p.community, p.houses[0], "王小二", "13900000009")
		for i := range p.passes {
			mustScan(t, s, p.exit(i))
		}
		people := map[string]core.WechatUser{}
		for name, phone := range map[string]string{"first": "13900000000", "mate": "13900000009", "second": "13900000001"} {
			people[name] = newWechatUserWithPhone(t, s, "o"+phone, phone)
		}
		home, err := s.House(t.Context(), everywhere, p.houses[0])
		mustDo(t, err)
		house := core.RecordFilter{House: p.houses[0]}
		person := core.RecordFilter{Person: people["first"].Person}
		byName := core.RecordFilter{Community: p.community, Keyword: "张三"}
		byHouse := core.RecordFilter{Community: p.community, Keyword: home.Label, Outsider: true}
		none := func(core.AccessRecord) error { return nil }
		n := core.ID(100)
		for _, c := range []struct {
			what string
			do   func(by core.Looker) error
			want []string // in the order of the names
		}{
			{"person", func(by core.Looker) error { return s.LookAtRecords(t.Context(), by, everywhere, person, nil) }, []string{"first"}},
			{"house", func(by core.Looker) error {
				return s.LookAtRecords(t.Context(), by, everywhere, house, nil)
			}, []string{"first", "mate"}},
			{"search by name", func(by core.Looker) error {
				records, _, err := s.AccessRecords(t.Context(), everywhere, byName, Page{Limit: 9})
				if err != nil {
					return err
				}
				return s.LookAtRecords(t.Context(), by, everywhere, byName, records)
			}, []string{"first", "second"}},
			{"search of an outsider", func(by core.Looker) error {
				_, _, err := s.SearchAccessRecords(t.Context(), by, everywhere, RecordSearch{Filter: byHouse, Page: Page{Limit: 9}})
				return err
			}, []string{"first"}},
			{"file of a person", func(by core.Looker) error {
				return s.ExportAccessRecords(t.Context(), by, everywhere, person, none)
			}, []string{"first"}},
			{"file of a house", func(by core.Looker) error {
				return s.ExportAccessRecords(t.Context(), by, everywhere, house, none)
			}, []string{"first", "mate"}},
			{"file of a search", func(by core.Looker) error {
				return s.ExportAccessRecords(t.Context(), by, everywhere, byHouse, none)
			}, []string{"first", "mate"}},
			{"file made later", func(by core.Looker) error {
				_, err := s.CreateExport(t.Context(), by.Actor, everywhere, NewExport{Kind: core.ExportAccessRecords, Filter: house})
				return err
			}, []string{"first", "mate"}},
			{"everybody", func(by core.Looker) error {
				f := core.RecordFilter{Community: p.community}
				if err := s.ExportAccessRecords(t.Context(), by, everywhere, f, none); err != nil {
					return err
				}
				return s.LookAtRecords(t.Context(), by, everywhere, f, nil)
			}, nil},
			{"another community", func(by core.Looker) error { return s.LookAtRecords(t.Context(), by, core.ScopeOf(1), house, nil) }, nil},
		} {
			n++
			by := core.Looker{Actor: core.Actor{Kind: core.ActorAccount, ID: n, Name: "张小明"}, As: core.LookOffice}
			want := "物业 张**"
			if c.what == "search of an outsider" {
				by = core.Looker{Actor: core.Actor{Kind: core.ActorWechat, ID: n, Name: "李观察"}, As: core.LookObserver, Capacity: "居委会"}
				want = "观察员（居委会） 李**"
			}
			mustDo(t, c.do(by))
			var told []string
			for _, name := range []string{"first", "mate", "second"} {
				looks, _, err := s.OwnLooks(t.Context(), people[name], Page{Limit: 99})
				mustDo(t, err)
				if at := slices.IndexFunc(looks, func(r core.AuditRecord) bool { return r.Actor.ID == n }); at >= 0 {
					told = append(told, name)
					if who := core.LookerText(looks[at]); who != want {
						t.Errorf("%s: %s sees %q, want %q", c.what, name, who, want)
					}
				}
			}
			if !slices.Equal(told, c.want) {
				t.Errorf("%s: noted for %v, want %v", c.what, told, c.want)
			}
		}
	})
}
