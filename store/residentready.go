package store

import (
	"tongxing/core"
	"tongxing/store/database"
)

// readyResident is what takes a while to compute of a resident who is added.
type readyResident struct {
	sealed sealedResident
	own    string // digest of the number that is the resident's own; "" = none
	key    string // resident.name_key
	grams  []core.NameGram
}

func readyResidentOf(keys database.Keyring, r core.Resident) (readyResident, error) {
	sealed, err := sealResident(keys, r)
	ready := readyResident{sealed: sealed, key: nameKey(r.Name), grams: residentNamed(r).grams()}
	switch r.OwnPhone() {
	case "":
	case core.PhoneBase(r.Phone):
		ready.own = sealed.phoneMAC
	default:
		ready.own = keys.Digest("phone", r.OwnPhone())
	}
	return ready, err
}

// makeReady computes of the people what the caller has not.
func (b *residentBuilder) makeReady() error {
	if b.ready != nil {
		return nil
	}
	b.ready = make([]readyResident, len(b.people))
	for i, r := range b.people {
		var err error
		if b.ready[i], err = readyResidentOf(b.tx.Keys(), r); err != nil {
			return err
		}
	}
	return nil
}

const privateColumns = "phone_cipher, phone_mac, phone_shared, idno_cipher, idno_mac"

// sealedResident is what a resident's row has of their numbers.
type sealedResident struct {
	phone, phoneMAC string
	shared          int
	idno, idnoMAC   string
}

func sealResident(keys database.Keyring, r core.Resident) (sealed sealedResident, err error) {
	sealed.shared = database.BoolInt(r.PhoneShared)
	if sealed.phone, err = keys.Seal("resident.phone", r.Phone); err != nil {
		return sealed, err
	}
	sealed.phoneMAC = keys.Digest("phone", core.PhoneBase(r.Phone))
	sealed.idno, err = keys.Seal("resident.idno", r.IDNumber)
	sealed.idnoMAC = keys.Digest("idno", r.IDNumber)
	return sealed, err
}

// values returns the values of privateColumns.
func (s sealedResident) values() []any {
	return []any{s.phone, s.phoneMAC, s.shared, s.idno, s.idnoMAC}
}
