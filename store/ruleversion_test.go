package store

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"tongxing/core"
)

// Each change of a rule keeps the one before, with who, when and what; saving the same keeps none.
func TestPassRuleVersions(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		community := newCommunity(t, s, "翠湖花园")
		first, err := s.PassRule(t.Context(), everywhere, community)
		if err != nil {
			t.Fatal(err)
		}
		rules := []core.PassRule{first.PassRule}
		for _, exits := range []int{2, 2, -1} {
			clock.Add(time.Minute)
			rule := first.PassRule
			rule.Exits = exits
			by := core.Actor{Kind: core.ActorAccount, ID: 7, Name: "小王"}
			if err := s.UpdatePassRule(t.Context(), by, everywhere, PassRule{PassRule: rule, Community: community}); err != nil {
				t.Fatal(err)
			}
			rules = append(rules, rule)
		}
		versions, err := s.PassRuleVersions(t.Context(), everywhere, community, 10)
		if err != nil || len(versions) != 2 {
			t.Fatalf("%+v, %v", versions, err)
		}
		for i, want := range []struct {
			rule          core.PassRule
			before, after string
		}{{rules[1], "限 2 次", "禁止出入"}, {rules[0], "不限次数", "限 2 次"}} {
			v := versions[i]
			if !reflect.DeepEqual(v.Rule, want.rule) || v.By != "小王" || v.At.IsZero() || len(v.Changes) != 1 ||
				v.Changes[0].Before != want.before || v.Changes[0].After != want.after {
				t.Errorf("version %d is %+v, want %+v", i, v, want)
			}
		}
		got, err := s.PassRuleVersion(t.Context(), everywhere, community, versions[1].ID)
		if err != nil || !reflect.DeepEqual(got, rules[0]) {
			t.Errorf("%+v, %v", got, err)
		}
		_, err = s.PassRuleVersion(t.Context(), core.ScopeOf(community+1), community, versions[1].ID)
		wantCode(t, err, core.CodeNotFound)
		_, err = s.PassRuleVersion(t.Context(), everywhere, newCommunity(t, s, "海棠苑"), versions[1].ID)
		wantCode(t, err, core.CodeNotFound)
	})
}

// The rules of visitors and of exit slips have versions of their own, with the fields of their forms.
func TestRuleVersionsAreOfTheirKind(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, here := t.Context(), newCommunity(t, s, "翠湖花园")
		visits, err := s.VisitorRule(ctx, everywhere, here)
		if err != nil {
			t.Fatal(err)
		}
		changed := visits
		changed.Invite, changed.Form = !visits.Invite, slices.Clone(visits.Form)
		changed.Form = changed.Form.Add(core.FormField{Label: "来访单位", Kind: core.FormText, Use: core.FormOptional})
		for range 2 { // the second time nothing changes
			if changed.Updated, err = s.UpdateVisitorRule(ctx, core.System, everywhere, changed); err != nil {
				t.Fatal(err)
			}
			now, err := s.VisitorRule(ctx, everywhere, here)
			if err != nil {
				t.Fatal(err)
			}
			changed = now
		}
		exits, err := s.ExitRule(ctx, everywhere, here)
		if err != nil {
			t.Fatal(err)
		}
		later := exits
		later.Hours++
		if err := s.UpdateExitRule(ctx, core.System, everywhere, later); err != nil {
			t.Fatal(err)
		}
		old, err := s.VisitorRuleVersions(ctx, everywhere, here, 9)
		if err != nil || len(old) != 1 || !reflect.DeepEqual(old[0].Rule, visits.VisitorRule) || len(old[0].Changes) != 2 {
			t.Fatalf("%+v, %v", old, err)
		}
		slips, err := s.ExitRuleVersions(ctx, everywhere, here, 9)
		if err != nil || len(slips) != 1 || !reflect.DeepEqual(slips[0].Rule, exits.ExitRule) || len(slips[0].Changes) != 1 {
			t.Fatalf("%+v, %v", slips, err)
		}
		if passes, err := s.PassRuleVersions(ctx, everywhere, here, 9); err != nil || len(passes) != 0 {
			t.Errorf("%+v, %v", passes, err)
		}
		if got, err := s.ExitRuleVersion(ctx, everywhere, here, slips[0].ID); err != nil || !reflect.DeepEqual(got, exits.ExitRule) {
			t.Errorf("%+v, %v", got, err)
		}
		_, err = s.VisitorRuleVersion(ctx, everywhere, here, slips[0].ID)
		wantCode(t, err, core.CodeNotFound)
		_, err = s.VisitorRuleVersion(ctx, core.ScopeOf(here+1), here, old[0].ID)
		wantCode(t, err, core.CodeNotFound)
	})
}
