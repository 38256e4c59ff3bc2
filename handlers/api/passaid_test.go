package api

import (
	"fmt"
	"time"

	"tongxing/core"
)

// familyPass is the pass of somebody certified in the first house, who has no phone.
func (s *site) familyPass(token string) string {
	s.t.Helper()
	_, err := s.api.store.CreateResident(s.t.Context(), core.System, core.Everywhere, core.Resident{
		Community: s.Community, House: s.Houses[0], Name: "外婆", Identity: core.Family, Certified: time.Now(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	path := "/passes/" + s.Residents[0].Pass.String() + "/family"
	family := read[struct{ Family []familyBody }](s.ok(call{method: "GET", path: path, token: token})).Family
	if len(family) == 0 {
		s.t.Fatal("nobody of the house may be let out")
	}
	return family[len(family)-1].Pass.String()
}

// memberPass is a dedicated pass of the first resident's.
func (s *site) memberPass(token string) string {
	s.t.Helper()
	ctx := s.t.Context()
	institution, err := s.api.store.CreateInstitution(ctx, core.System, core.Everywhere, core.Institution{
		Name: "丰和快递", Communities: []core.ID{s.Community},
	})
	if err == nil {
		day := core.DayOf(s.api.store.Now(), s.api.store.Zone())
		_, err = s.api.store.CreateMember(ctx, core.System, core.Everywhere, core.Member{
			Institution: institution, Name: s.Residents[0].Name, Phone: s.Residents[0].Phone, From: day, Until: day,
		})
	}
	if err != nil {
		s.t.Fatal(err)
	}
	for _, p := range read[struct{ Passes []passBody }](s.ok(call{method: "GET", path: "/passes", token: token})).Passes {
		if p.Kind == core.PassDedicated {
			return p.ID.String()
		}
	}
	s.t.Fatal("no dedicated pass")
	return ""
}

// aidBody is what vouching for a pass sends.
func aidBody(pass string) func() string {
	return func() string { return fmt.Sprintf(`{"pass_id":%q}`, pass) }
}
