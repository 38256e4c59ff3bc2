// Package estate builds small gated communities for tests: houses, residents with passes, doors,
// guards and observers, through the store's own acts.
package estate

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// Estate is one community with everything in it.
type Estate struct {
	t         testing.TB
	Store     *store.Store
	Community core.ID
	Houses    []core.ID
	Residents []Resident
	Doors     []Door
	Post      core.ID
	Guard     core.ID
	Observer  core.ID
	phones    int // numbers of those who do not live here
}

// Resident is a resident with a pass.
type Resident struct {
	ID, Person, House, Pass core.ID
	Name, Phone             string
}

// Door is a reader and the secret of its URL.
type Door struct {
	core.Reader
	Secret string
}

// Plan is what to build. Zero fields have sensible defaults.
type Plan struct {
	Name     string
	Houses   int // default 2
	Members  int // residents per house; default 2
	Doors    int // default 2: odd ones lead out, even ones (the second, …) in; all out with DoorsOut
	DoorsOut bool
	Kinds    []core.PassKind // which the doors take; default residents' passes
	Rule     core.PassRule   // the zero rule is replaced by Open
}

// Open is a rule that lets everybody pass, through readers too.
var Open = core.PassRule{Counting: core.CountPerson, PeriodDays: 1, FeverTenths: 373, ReaderQR: true}

// Keys returns a key ring for tests.
func Keys() store.Keyring {
	return store.Keyring{
		Keys: []store.Key{{ID: "t1", Secret: bytes.Repeat([]byte{1}, 32)}},
		MAC:  bytes.Repeat([]byte{2}, 32),
	}
}

// New builds an estate. Names and phone numbers differ between estates of one
// test process.
func New(t testing.TB, s *store.Store, p Plan) *Estate {
	t.Helper()
	if p.Name == "" {
		p.Name = fmt.Sprintf("测试小区%s", s.NewID())
	}
	p.Houses, p.Members, p.Doors = orDefault(p.Houses, 2), orDefault(p.Members, 2), orDefault(p.Doors, 2)
	if p.Rule.PeriodDays == 0 {
		p.Rule = Open
	}
	e := &Estate{t: t, Store: s}
	e.community(p)
	e.people(p)
	for i := range p.Doors {
		direction := core.Out
		if i%2 == 1 && !p.DoorsOut {
			direction = core.In
		}
		protocol := core.ProtocolVguang
		if i%2 == 1 {
			protocol = core.ProtocolMcardsea
		}
		e.AddDoor(core.Reader{Name: fmt.Sprintf("%d号门", i+1), Protocol: protocol, Direction: direction, Kinds: p.Kinds})
	}
	e.staff()
	return e
}

func orDefault(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

func (e *Estate) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatalf("estate: %v", err)
	}
}

func (e *Estate) community(p Plan) {
	e.t.Helper()
	ctx := context.Background()
	id, err := e.Store.CreateCommunity(ctx, core.System, core.Community{
		Name: p.Name, Address: "测试路 1 号", Phone: "0755-12345678", Levels: []string{"栋", "单元", "房间"},
	})
	e.must(err)
	e.Community = id
	e.SetRule(p.Rule)
	paths := make([][]string, p.Houses)
	for i := range paths {
		paths[i] = []string{fmt.Sprintf("%d栋", i/40+1), fmt.Sprintf("%d单元", i/20%2+1), fmt.Sprintf("%d%02d", i%20/2+1, i%2+1)}
	}
	e.Houses, err = e.Store.CreateHouses(ctx, core.System, core.Everywhere, id, paths)
	e.must(err)
}

// SetRule replaces the community's rule.
func (e *Estate) SetRule(rule core.PassRule) {
	e.t.Helper()
	change := store.PassRule{PassRule: rule, Community: e.Community}
	e.must(e.Store.UpdatePassRule(context.Background(), core.System, core.Everywhere, change))
}

func (e *Estate) people(p Plan) {
	e.t.Helper()
	var people []core.Resident
	base := int64(e.Community) % 9_000_000
	for i, house := range e.Houses {
		for m := range p.Members {
			n := int64(i*p.Members + m)
			people = append(people, core.Resident{
				House: house, Name: fmt.Sprintf("住户%d", n+1), Identity: core.Owner,
				Phone:     fmt.Sprintf("13%09d", (base*101+n)%1_000_000_000),
				Certified: time.Unix(1_700_000_000, 0),
			})
		}
	}
	ids, err := e.Store.CreateResidents(context.Background(), core.System, core.Everywhere, e.Community, people)
	e.must(err)
	for i, id := range ids {
		row, err := e.Store.Resident(context.Background(), core.Everywhere, id)
		e.must(err)
		passes, err := e.Store.PassesOfUser(context.Background(), core.WechatUser{Person: row.Person})
		e.must(err)
		if len(passes) != 1 {
			e.t.Fatalf("estate: %d passes of one resident", len(passes))
		}
		e.Residents = append(e.Residents, Resident{
			ID: id, Person: row.Person, House: people[i].House, Pass: passes[0].ID, Name: people[i].Name,
			Phone: people[i].Phone,
		})
	}
}

// AddDoor adds a reader; empty fields get sensible defaults.
func (e *Estate) AddDoor(r core.Reader) Door {
	e.t.Helper()
	r.Community = e.Community
	if r.Gate == "" {
		r.Gate = r.Name
	}
	if r.Serial == "" {
		r.Serial = fmt.Sprintf("DEV%05d", len(e.Doors)+1)
	}
	if len(r.Kinds) == 0 {
		r.Kinds = []core.PassKind{core.PassResident}
	}
	if r.DenyCode == "" {
		r.DenyCode = "1000"
	}
	if r.HeartbeatSeconds == 0 {
		r.HeartbeatSeconds = 60
	}
	if r.HeartbeatText == "" {
		r.HeartbeatText = "www.vguang.cn"
	}
	r.QRAllowed = true
	id, secret, err := e.Store.CreateReader(context.Background(), core.System, core.Everywhere, r)
	e.must(err)
	r.ID = id
	door := Door{Reader: r, Secret: secret}
	e.Doors = append(e.Doors, door)
	return door
}

func (e *Estate) staff() {
	e.t.Helper()
	ctx := context.Background()
	var err error
	e.Post, err = e.Store.CreateGuardPost(ctx, core.System, core.Everywhere, core.GuardPost{
		Community: e.Community, Name: "东门岗", Direction: core.Out,
	})
	e.must(err)
	e.Guard, err = e.Store.CreateGuard(ctx, core.System, core.Everywhere, core.Guard{
		Community: e.Community, Name: "李师傅", Phone: "13900000001", Posts: []core.ID{e.Post},
	})
	e.must(err)
	e.Observer, err = e.Store.CreateObserver(ctx, core.System, core.Everywhere, core.Observer{
		Name: "周主任", Capacity: "社区干部", Phone: "13900000002", MayExport: true,
		Communities: []core.ID{e.Community},
	})
	e.must(err)
}

// LetOwnersReview switches on that owners decide applications for their houses.
func (e *Estate) LetOwnersReview() {
	e.t.Helper()
	allowed := true
	err := e.Store.UpdateOwnersReview(e.t.Context(), core.System, core.Everywhere, store.OwnersReviewChange{
		Community: e.Community, Allowed: &allowed,
	})
	if err != nil {
		e.t.Fatal(err)
	}
}
