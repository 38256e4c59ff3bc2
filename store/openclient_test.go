package store

import (
	"testing"

	"tongxing/core"
)

// A nonce is taken once, of each client, and who called when is noted to a minute.
func TestNoncesAreTakenOnce(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, _ func() string) {
		operator := core.Actor{Kind: core.ActorAccount, ID: 1, Operator: true}
		var clients []core.OpenClient
		for _, name := range []string{"甲", "乙"} {
			id, _, err := s.CreateOpenClient(t.Context(), operator, core.OpenClient{
				Name: name, Calls: []core.OpenCall{core.CallCommunityList}, Scope: core.Everywhere, Rate: 5,
			})
			if err != nil {
				t.Fatal(err)
			}
			client, err := s.OpenClient(t.Context(), core.Everywhere, id)
			if err != nil || len(client.Secrets) != 1 || client.Secrets[0].Text != "" || !client.Used.IsZero() {
				t.Fatalf("%+v, %v", client, err)
			}
			clients = append(clients, client)
		}
		use := func(i int, nonce string) error {
			return s.CountOpenUse(t.Context(), OpenUse{clients[i].ID, clients[i].Secrets[0].ID, nonce})
		}
		for i := range clients {
			if err := use(i, "0123456789abcdef"); err != nil {
				t.Fatal(err)
			}
		}
		wantCode(t, use(0, "0123456789abcdef"), core.CodeConflict)
		if err := s.PurgeOpenNonces(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantCode(t, use(1, "0123456789abcdef"), core.CodeConflict)
		list, err := s.OpenClients(t.Context(), core.Everywhere)
		if err != nil || len(list) != 2 || list[0].Used.IsZero() || list[0].Secrets[0].Used.IsZero() {
			t.Errorf("%+v, %v", list, err)
		}
		caller, err := s.OpenCaller(t.Context(), clients[0].Key)
		if err != nil || len(caller.Secrets[0].Text) < 40 {
			t.Errorf("who calls: %+v, %v", caller, err)
		}
	})
}

// A house is found by a text in any spelling; what is not one house of the community is an error.
func TestArrearsAreSetByText(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, _ func() string) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 2)[0]
		water := "水费"
		set := func(text string, fen int64) (bool, error) {
			_, changed, err := s.UpdateArrears(t.Context(), core.System, everywhere, HouseArrears{
				Community: community, House: text, Fen: fen, Remark: &water,
			})
			return changed, err
		}
		for i, text := range []string{"1栋1单元101", "1-1-101", "1号楼一单元101室", "翠湖花园1幢1单元101", " 1 - 1 - 101 "} {
			changed, err := set(text, int64(i+1))
			if h := houseOf(t, s, house); err != nil || !changed || h.ArrearsFen != int64(i+1) || h.Remark != "水费" {
				t.Errorf("%s: %v, %+v", text, err, h)
			}
		}
		if changed, err := set("1-1-101", 5); err != nil || changed {
			t.Errorf("the same again: %v, %v", changed, err)
		}
		_, changed, err := s.UpdateArrears(t.Context(), core.System, everywhere, HouseArrears{
			Community: community, House: "1-1-101", Fen: 6,
		})
		if h := houseOf(t, s, house); err != nil || !changed || h.ArrearsFen != 6 || h.Remark != water {
			t.Errorf("without a remark: %v, %+v", err, h)
		}
		if _, err := set("1-1-101", 0); err != nil || houseOf(t, s, house).Remark != "" {
			t.Errorf("lifted: %v, %+v", err, houseOf(t, s, house))
		}
		for _, text := range []string{"", "101", "1-1-999", "9栋1单元101", "1-1-101-1"} {
			_, err := set(text, 7)
			wantCode(t, err, core.CodeInvalid)
		}
		_, _, err = s.UpdateArrears(t.Context(), core.System, core.ScopeOf(community+1), HouseArrears{
			Community: community, House: "1-1-101",
		})
		wantCode(t, err, core.CodeNotFound)
	})
}
