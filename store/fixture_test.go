package store

import (
	"fmt"
	"testing"

	"tongxing/core"
)

// Factories of the register, for tests of every stem.

var everywhere = core.Everywhere

// newCommunity makes a community with the levels 栋/单元/房间.
func newCommunity(t *testing.T, s *Store, name string) core.ID {
	t.Helper()
	id, err := s.CreateCommunity(t.Context(), core.System, core.Community{Name: name, Levels: core.DefaultLevels()})
	if err != nil {
		t.Fatalf("CreateCommunity(%s): %v", name, err)
	}
	return id
}

// newHouses makes houses 1栋1单元101, 102, … of a community.
func newHouses(t *testing.T, s *Store, community core.ID, n int) []core.ID {
	t.Helper()
	places := make([][]string, n)
	for i := range places {
		places[i] = []string{"1", "1", fmt.Sprint(101 + i)}
	}
	ids, err := s.CreateHouses(t.Context(), core.System, everywhere, community, places)
	if err != nil {
		t.Fatalf("CreateHouses: %v", err)
	}
	return ids
}

// newResident makes an owner who is not certified.
func newResident(t *testing.T, s *Store, community, house core.ID, name, phone string) core.ID {
	t.Helper()
	id, err := s.CreateResident(t.Context(), core.System, everywhere, core.Resident{
		Community: community, House: house, Name: name, Identity: core.Owner, Phone: phone, Namesake: true,
	})
	if err != nil {
		t.Fatalf("CreateResident(%s): %v", name, err)
	}
	return id
}

// registeredName returns the name that the register has with a number; "" if it has none.
func registeredName(t *testing.T, s *Store, phone string) string {
	t.Helper()
	var names []string
	err := s.db.All(t.Context(), &names, "SELECT name FROM resident WHERE phone_mac = ? AND phone_shared = 0 ORDER BY id",
		s.db.Keys().Digest("phone", phone))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// newWechatUserWithPhone makes a WeChat user who has verified a phone number, and stated the name that the register has
// with it.
func newWechatUserWithPhone(t *testing.T, s *Store, openID, phone string) core.WechatUser {
	t.Helper()
	user, err := s.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: openID})
	if err != nil {
		t.Fatalf("SignInWechat: %v", err)
	}
	if _, err := s.BindPhone(t.Context(), user.ID, phone, registeredName(t, s, phone)); err != nil {
		t.Fatalf("BindPhone: %v", err)
	}
	if user, err = s.WechatUser(t.Context(), user.ID); err != nil {
		t.Fatalf("WechatUser: %v", err)
	}
	return user
}

// discard returns the error of an act whose result does not matter.
func discard[T any](_ T, err error) error { return err }

// wantCode fails the test unless err has the code.
func wantCode(t *testing.T, err error, code core.Code) {
	t.Helper()
	if err == nil || core.CodeOf(err) != code {
		t.Errorf("got error %v, want code %s", err, code)
	}
}

// wantField fails the test unless err is an invalid form that names the field.
func wantField(t *testing.T, err error, field string) {
	t.Helper()
	wantCode(t, err, core.CodeInvalid)
	if fieldsOf(err)[field] == "" {
		t.Errorf("error %v names no field %s", err, field)
	}
}
