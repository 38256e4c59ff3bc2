package core

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestScope(t *testing.T) {
	for _, c := range []struct {
		name       string
		scope      Scope
		whole      bool
		empty      bool
		one        ID
		has        map[ID]bool
		withThree  bool
		coversBoth bool // communities 1 and 2
	}{
		{name: "zero", empty: true, has: map[ID]bool{1: false}, withThree: true},
		{name: "of one", scope: ScopeOf(1), one: 1, has: map[ID]bool{1: true, 2: false}, withThree: true},
		{name: "of two", scope: ScopeOf(1, 2), has: map[ID]bool{1: true, 2: true, 3: false}, withThree: true, coversBoth: true},
		{name: "whole", scope: Everywhere, whole: true, has: map[ID]bool{1: true, 3: true}, withThree: true, coversBoth: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if one, ok := c.scope.One(); one != c.one || ok != (c.one != 0) {
				t.Errorf("One() = %d, %v", one, ok)
			}
			if c.scope.Whole() != c.whole || c.scope.Empty() != c.empty {
				t.Errorf("Whole() = %v, Empty() = %v", c.scope.Whole(), c.scope.Empty())
			}
			for community, want := range c.has {
				if c.scope.Has(community) != want {
					t.Errorf("Has(%d) = %v", community, !want)
				}
			}
			if c.scope.With(3).Has(3) != c.withThree || c.scope.With(3).Whole() != c.whole {
				t.Errorf("With(3) = %+v", c.scope.With(3))
			}
			if c.scope.Covers(ScopeOf(1, 2)) != c.coversBoth || c.scope.Covers(Everywhere) != c.whole {
				t.Errorf("what it covers is wrong")
			}
			text, err := json.Marshal(c.scope)
			var back Scope
			if err != nil || json.Unmarshal(text, &back) != nil || !reflect.DeepEqual(back, c.scope) {
				t.Errorf("%s becomes %+v (%v)", text, back, err)
			}
		})
	}
}

// With never changes its receiver.
func TestScopeWithLeavesTheFirst(t *testing.T) {
	first := ScopeOf(1)
	a, b := first.With(2), first.With(3)
	if a.Has(3) || b.Has(2) || first.Has(2) {
		t.Errorf("%+v %+v %+v share a list", first, a, b)
	}
}

func TestWhoMayOperate(t *testing.T) {
	for _, c := range []struct {
		by   Actor
		want bool
	}{
		{System, true},
		{Actor{Kind: ActorAccount, ID: 1, Operator: true}, true},
		{Actor{Kind: ActorAccount, ID: 1}, false},
		{Actor{Kind: ActorWechat, ID: 1}, false},
		{Actor{Kind: ActorDevice}, false},
		{Actor{}, false},
	} {
		if c.by.MayOperate() != c.want {
			t.Errorf("%+v: %v", c.by, !c.want)
		}
	}
}
