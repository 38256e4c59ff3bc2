package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// Recipients returns for each message who it is for. A resident's page is linked if one of their homes is in
// the scope.
func (s *Store) Recipients(ctx context.Context, scope core.Scope, messages []core.Message) (map[core.ID]core.Recipient, error) {
	var accounts, users []core.ID
	registered := map[string][]core.ID{}
	for _, m := range messages {
		if m.ToKind == core.ToAccount {
			accounts = append(accounts, m.To)
		}
		if m.OfRegister() {
			registered[m.ToKind] = append(registered[m.ToKind], m.To)
		}
		if m.User != 0 {
			users = append(users, m.User)
		}
	}
	names, err := s.accountNames(ctx, accounts)
	if err != nil {
		return nil, err
	}
	people, err := s.wechatPeople(ctx, scope, users)
	if err != nil {
		return nil, err
	}
	inHouses, err := s.registered(ctx, core.ToResident, database.Within(scope, "community_id"), registered[core.ToResident])
	if err != nil {
		return nil, err
	}
	members, err := s.registered(ctx, core.ToMember, database.Within(core.Everywhere, ""), registered[core.ToMember])
	if err != nil {
		return nil, err
	}
	found := map[core.ID]core.Recipient{}
	for _, m := range messages {
		r := core.Recipient{Kind: m.ToKind, ID: m.To}
		who := people[m.User]
		r.Phone = who.Phone
		switch m.ToKind {
		case core.ToAccount:
			if name, ok := names[m.To]; ok {
				r.Name, r.Link = name, m.To
			}
		case core.ToResident:
			who = inHouses[m.To]
			r.Name, r.Phone, r.Link = who.Name, who.Phone, who.Link
		case core.ToMember:
			who = members[m.To]
			r.Name, r.Phone, r.Link = who.Name, who.Phone, who.Link
		default:
			r.Name, r.Link = who.Name, who.Link
		}
		found[m.ID] = r
	}
	return found, nil
}

func (s *Store) accountNames(ctx context.Context, ids []core.ID) (map[core.ID]string, error) {
	names := map[core.ID]string{}
	err := database.EachPart(ids, func(part []core.ID) error {
		var rows []struct {
			ID   core.ID `db:"id"`
			Name string  `db:"name"`
		}
		err := s.db.All(ctx, &rows, `
			SELECT id, name
			FROM account
			WHERE id IN (`+database.Placeholders(len(part))+`)`, database.IDArgs(part)...)
		for _, row := range rows {
			names[row.ID] = row.Name
		}
		return err
	})
	return names, database.Wrap("name the recipients", err)
}

// registered returns people whom the register alone knows as recipients.
func (s *Store) registered(
	ctx context.Context, kind string, within database.Where, ids []core.ID,
) (map[core.ID]core.Recipient, error) {
	table := map[string]string{core.ToResident: "resident", core.ToMember: "institution_member"}[kind]
	people := map[core.ID]core.Recipient{}
	err := database.EachPart(ids, func(part []core.ID) error {
		var rows []struct {
			ID    core.ID `db:"id"`
			Name  string  `db:"name"`
			Phone string  `db:"phone_cipher"`
		}
		err := s.db.All(ctx, &rows, "SELECT id, name, phone_cipher FROM "+table+" WHERE "+within.Text()+
			" AND id IN ("+database.Placeholders(len(part))+")", database.AppendIDs(within.Args(), part)...)
		for _, row := range rows {
			people[row.ID] = core.Recipient{
				Kind: kind, ID: row.ID, Name: row.Name, Phone: core.MaskPhone(s.db.Reveal(table+".phone", row.Phone)), Link: row.ID,
			}
		}
		return err
	})
	return people, database.Wrap("name the recipients", err)
}

// wechatPeople returns WeChat users as recipients: the masked number, and a home of the scope.
func (s *Store) wechatPeople(ctx context.Context, scope core.Scope, users []core.ID) (map[core.ID]core.Recipient, error) {
	people := map[core.ID]core.Recipient{}
	err := database.EachPart(users, func(part []core.ID) error {
		var rows []struct {
			ID       core.ID `db:"id"`
			Phone    string  `db:"phone_cipher"`
			Resident core.ID `db:"resident_id"`
			Name     string  `db:"name"`
		}
		within := database.Within(scope, "t.community_id")
		err := s.db.All(ctx, &rows, `
			SELECT u.id, u.phone_cipher, COALESCE(r.id, 0) AS resident_id, COALESCE(r.name, '') AS name
			FROM wechat_user u
			LEFT JOIN resident r ON u.person_id <> 0
				AND r.id = (
					SELECT MIN(t.id)
					FROM resident t
					WHERE t.person_id = u.person_id
					AND `+within.Text()+`
				)
			WHERE u.id IN (`+database.Placeholders(len(part))+`)`, database.AppendIDs(within.Args(), part)...)
		for _, row := range rows {
			r := core.Recipient{Kind: core.ToWechat, ID: row.ID, Name: row.Name, Link: row.Resident}
			if row.Phone != "" {
				phone, err := s.db.Keys().Open("wechat_user.phone", row.Phone)
				if err != nil {
					return err
				}
				r.Phone = core.MaskPhone(phone)
			}
			people[row.ID] = r
		}
		return err
	})
	return people, database.Wrap("name the recipients", err)
}
