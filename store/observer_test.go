package store

import (
	"slices"
	"testing"

	"tongxing/core"
)

func TestObservers(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ours, theirs := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		ctx, admin, other := t.Context(), core.ScopeOf(ours), core.ScopeOf(theirs)
		save := func(scope core.Scope, change func(*core.Observer)) (core.ID, error) {
			o := core.Observer{Name: "赵警官", Capacity: "社区民警", Phone: "13800138000", Communities: []core.ID{ours}}
			change(&o)
			if o.ID != 0 {
				return o.ID, discard(s.UpdateObserver(ctx, core.System, scope, o))
			}
			return s.CreateObserver(ctx, core.System, scope, o)
		}
		for field, change := range map[string]func(*core.Observer){
			"name": func(o *core.Observer) { o.Name = "" }, "capacity": func(o *core.Observer) { o.Capacity = " " },
			"phone": func(o *core.Observer) { o.Phone = "" }, "communities": func(o *core.Observer) { o.Communities = nil },
		} {
			_, err := save(admin, change)
			wantField(t, err, field)
		}
		_, err := save(admin, func(o *core.Observer) { o.Communities = []core.ID{ours, theirs} })
		wantCode(t, err, core.CodeNotFound)

		id, err := save(everywhere, func(o *core.Observer) { o.Communities = []core.ID{theirs, ours, ours} })
		if err != nil {
			t.Fatal(err)
		}
		read := func(scope core.Scope) core.Observer {
			t.Helper()
			o, err := s.Observer(ctx, scope, id)
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		if o := read(admin); o.Phone != "138****8000" || len(o.Communities) != 2 || o.MayExport {
			t.Errorf("saved %+v", o)
		}
		// What concerns the other's community is not for one admin: neither what the
		// observer may do, nor the QR that makes its scanner the observer.
		_, err = save(admin, func(o *core.Observer) { o.ID, o.Phone, o.MayExport = id, "", true })
		wantCode(t, err, core.CodeForbidden)
		_, err = s.CreateBindTicket(ctx, core.System, admin, BindTarget{Kind: core.BindObserver, ID: id})
		wantCode(t, err, core.CodeForbidden)
		if _, err := save(admin, func(o *core.Observer) { o.ID, o.Phone = id, "" }); err != nil {
			t.Fatal(err)
		}
		if _, err := save(everywhere, func(o *core.Observer) {
			o.ID, o.Phone, o.MayExport, o.Communities = id, "", true, []core.ID{ours, theirs}
		}); err != nil {
			t.Fatal(err)
		}
		if _, err = s.CreateBindTicket(ctx, core.System, everywhere, BindTarget{Kind: core.BindObserver, ID: id}); err != nil {
			t.Fatal(err)
		}
		if o := read(other); len(o.Communities) != 2 || !o.MayExport || o.Phone != "138****8000" {
			t.Errorf("changed to %+v", o)
		}
		user := signIn(t, s, core.WechatIdentity{AppID: "wx1", OpenID: "o-observer"}).ID
		if err := newTicket(t, s, core.BindObserver, id).use(t, s, user); err != nil {
			t.Fatal(err)
		}
		if err := s.RemoveObserver(ctx, core.System, admin, id); err != nil {
			t.Fatal(err)
		}
		_, err = s.Observer(ctx, admin, id)
		wantCode(t, err, core.CodeNotFound)
		if o, err := s.ObserverOfUser(ctx, user); err != nil || !slices.Equal(o.Communities, []core.ID{theirs}) {
			t.Errorf("removed by one admin, left %+v, %v", o, err)
		}
		_, err = save(admin, func(o *core.Observer) { o.ID = id })
		wantCode(t, err, core.CodeNotFound)
		if err := s.RemoveObserver(ctx, core.System, other, id); err != nil {
			t.Fatal(err)
		}
		_, err = s.ObserverOfUser(ctx, user)
		wantCode(t, err, core.CodeNotFound)
		wantCode(t, s.RemoveObserver(ctx, core.System, everywhere, id), core.CodeNotFound)
		if list, _, err := s.Observers(ctx, everywhere, ObserverFilter{}); err != nil || len(list) != 0 {
			t.Errorf("%d observers left, %v", len(list), err)
		}
		_, err = s.CreateBindTicket(ctx, core.System, everywhere, BindTarget{Kind: core.BindObserver, ID: id})
		wantCode(t, err, core.CodeNotFound)
	})
}
