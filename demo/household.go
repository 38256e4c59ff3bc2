package demo

import (
	"context"
	"slices"

	"tongxing/core"
	"tongxing/store"
)

// householder decides the applications of his family on his phone.
var householder = Member{Key: "huang-zhiming", Name: "黄志明", Role: "业主（审核家人的申请）", Phone: "19900000013"}

// homes are the people of the householder's house who are registered there.
var homes = []core.Resident{
	{Name: householder.Name, Sex: "male", Identity: core.Owner, Phone: householder.Phone},
	{Name: "吕秀芬", Sex: "female", Identity: core.Family, Phone: "19900000014"},
	{Name: "高志平", Sex: "male", Identity: core.Lodger, Phone: "19900000015"},
}

// homestead fills an empty house of the estate: its owner keeps it on his phone, and is asked about one who applies. Another
// application is for the office: nobody but the office decides who is an owner.
func (s *seeder) homestead(ctx context.Context, e *estate, identify Identify) error {
	house, at := e.vacant()
	people := slices.Clone(homes)
	for i := range people {
		people[i].House, people[i].Certified = house, s.now.AddDate(0, 0, -120)
		if people[i].Identity == core.Lodger {
			people[i].LeaseDay = core.DayOf(s.now, s.store.Zone()) + 45
		}
	}
	if _, err := s.store.CreateResidents(ctx, core.System, core.Everywhere, e.id, people); err != nil {
		return err
	}
	allowed := true
	change := store.OwnersReviewChange{Community: e.id, House: house, Allowed: &allowed}
	if err := s.store.UpdateOwnersReview(ctx, core.System, core.Everywhere, change); err != nil {
		return err
	}
	user, err := s.store.SignInWechat(ctx, identify(householder))
	if err != nil {
		return err
	}
	if _, err := s.store.BindPhone(ctx, user.ID, householder.Phone, householder.Name); err != nil {
		return err
	}
	s.cast.Householder = householder
	return s.apply(ctx, e, identify,
		application{Member{Key: "huang-xiaoyue", Name: "黄晓月", Phone: "19900000016"}, at, core.Family, 1, nil},
		application{Member{Key: "lv-jianhua", Name: "吕建华", Phone: "19900000017"}, at, core.Owner, 2, nil},
	)
}

// vacant returns the first house in which nobody lives.
func (e *estate) vacant() (core.ID, int) {
	for i, house := range e.houses {
		if !slices.ContainsFunc(e.residents, func(r core.Resident) bool { return r.House == house }) {
			return house, i
		}
	}
	return e.houses[len(e.houses)-1], len(e.houses) - 1
}
