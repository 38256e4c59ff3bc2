package store

import (
	"context"
	"slices"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// ReminderFilter narrows the list of who is told of what waits for a review.
type ReminderFilter struct {
	Community core.ID // those who work there; 0 = all
	Keyword   string  // as AccountFilter's
	Page      Page
}

// Reminders lists the accounts in use that may review something, of those whose communities all lie in scope,
// with how each is told of what waits.
func (s *Store) Reminders(
	ctx context.Context, scope core.Scope, f ReminderFilter,
) (list []core.Reminder, more bool, err error) {
	accounts, more, err := s.Accounts(ctx, scope, AccountFilter{
		Keyword: f.Keyword, At: f.Community, Reviewers: true, Page: f.Page,
	})
	if err != nil || len(accounts) == 0 {
		return nil, more, err
	}
	told, err := s.toldAccounts(ctx, accounts)
	if err != nil {
		return nil, false, database.Wrap("list reminders", err)
	}
	list = make([]core.Reminder, len(accounts))
	for i, a := range accounts {
		list[i] = told.reminder(a)
	}
	return list, more, nil
}

// Reminder returns how one account in scope is told of what waits for a review.
func (s *Store) Reminder(ctx context.Context, scope core.Scope, id core.ID) (core.Reminder, error) {
	a, err := s.Account(ctx, scope, id)
	if err != nil {
		return core.Reminder{}, err
	}
	told, err := s.toldAccounts(ctx, []core.Account{a})
	return told.reminder(a), database.Wrap("read a reminder", err)
}

// toldAccounts is what decides how some accounts are told of something.
type toldAccounts struct {
	muted map[core.ID]Preference
	own   map[core.ID]string             // masked numbers of WeChat users
	staff map[core.ID]string             // masked numbers of staff, by account
	reach map[core.ID]core.ReminderReach // accounts with a WeChat
	work  map[core.ID]bool               // accounts of staff in WeWork
}

func (t toldAccounts) reminder(a core.Account) core.Reminder {
	r := core.Reminder{Account: a, Phone: t.own[a.User], Reach: core.ReachNone, Work: t.work[a.ID]}
	if r.Phone == "" {
		r.Phone = t.staff[a.ID]
	}
	if reach, ok := t.reach[a.ID]; ok {
		r.Reach = reach
	}
	r.On = slices.ContainsFunc(core.ReviewAsks(a.Has), func(k core.MessageKind) bool {
		return !slices.Contains(t.muted[a.ID].Muted, k)
	})
	return r
}

func (s *Store) toldAccounts(ctx context.Context, accounts []core.Account) (t toldAccounts, err error) {
	t = toldAccounts{
		map[core.ID]Preference{}, map[core.ID]string{}, map[core.ID]string{}, nil, map[core.ID]bool{},
	}
	ids := database.IDsOf(accounts, func(a core.Account) core.ID { return a.ID })
	users := database.IDsOf(accounts, func(a core.Account) core.ID { return a.User })
	in := " IN (" + database.Placeholders(len(ids)) + ")"
	var preferences []struct {
		Account core.ID `db:"account_id"`
		Muted   string  `db:"muted"`
	}
	if err := s.db.All(ctx, &preferences, "SELECT account_id, muted FROM preference WHERE account_id"+in,
		database.IDArgs(ids)...); err != nil {
		return t, err
	}
	for _, p := range preferences {
		t.muted[p.Account] = preferenceRow{Muted: p.Muted}.preference()
	}
	var phones []struct {
		ID    core.ID `db:"id"`
		Phone string  `db:"phone_cipher"`
	}
	if err := s.db.All(ctx, &phones, "SELECT id, phone_cipher FROM wechat_user WHERE phone_cipher <> '' AND id"+in,
		database.IDArgs(users)...); err != nil {
		return t, err
	}
	for _, p := range phones {
		t.own[p.ID] = core.MaskPhone(s.db.Reveal("wechat_user.phone", p.Phone))
	}
	phones = nil
	if err := s.db.All(ctx, &phones, `
		SELECT account_id AS id, phone_cipher
		FROM staff
		WHERE left_at IS NULL
		AND phone_mac <> ''
		AND account_id`+in+`
		ORDER BY id`, database.IDArgs(ids)...); err != nil {
		return t, err
	}
	for _, p := range phones {
		t.staff[p.ID] = core.MaskPhone(s.db.Reveal("staff.phone", p.Phone))
	}
	var work []core.ID
	if err := s.db.All(ctx, &work, "SELECT account_id FROM staff WHERE "+staffAtWork+"account_id"+in, database.IDArgs(ids)...); err != nil {
		return t, err
	}
	for _, id := range work {
		t.work[id] = true
	}
	t.reach, err = s.reminderReach(ctx, accounts)
	return t, err
}

// wechatIs is as whom an official account knows a WeChat user who follows it.
type wechatIs struct {
	User core.ID `db:"user_id"`
	App  string  `db:"app_id"`
	Open string  `db:"open_id"`
}

// refused is a template of an account that somebody does not want; "" = any.
type refused struct {
	App      string `db:"app_id"`
	Open     string `db:"open_id"`
	Template string `db:"template_id"`
}

// reminderReach returns how official accounts reach the WeChat of some accounts, by the rules by which the outbox sends.
func (s *Store) reminderReach(ctx context.Context, accounts []core.Account) (map[core.ID]core.ReminderReach, error) {
	chosen := s.RecentWechatTemplates(ctx)
	setup := core.MessageSetup{}
	for _, a := range s.RecentWechatApps(ctx) {
		if a.App.Kind == core.WechatOfficial {
			setup.Officials = append(setup.Officials, core.MessageAccount{App: a.App, Templates: chosen[a.App.AppID]})
		}
	}
	follows, out := map[core.ID]map[string]string{}, map[refused]bool{}
	var opens []string
	err := database.EachPart(database.IDsOf(accounts, func(a core.Account) core.ID { return a.User }), func(part []core.ID) error {
		var rows []wechatIs
		err := s.db.All(ctx, &rows, `
			SELECT user_id, app_id, open_id
			FROM wechat_identity
			WHERE followed_at IS NOT NULL
			AND user_id IN (`+database.Placeholders(len(part))+`)`, database.IDArgs(part)...)
		for _, r := range rows {
			if follows[r.User] == nil {
				follows[r.User] = map[string]string{}
			}
			follows[r.User][r.App], opens = r.Open, append(opens, r.Open)
		}
		return err
	})
	if err == nil {
		err = database.EachPart(opens, func(part []string) error {
			args := []any{s.Now().Add(-core.OptOutLife).UnixMilli()}
			for _, open := range part {
				args = append(args, open)
			}
			var rows []refused
			err := s.db.All(ctx, &rows, `
				SELECT app_id, open_id, template_id
				FROM message_optout
				WHERE created_at >= ?
				AND open_id IN (`+database.Placeholders(len(part))+`)`, args...)
			for _, r := range rows {
				out[r] = true
			}
			return err
		})
	}
	reach := map[core.ID]core.ReminderReach{}
	for _, a := range accounts {
		if a.User != 0 {
			reach[a.ID] = reachOf(setup.OfficialsFor(a.Scope), core.ReviewAsks(a.Has), follows[a.User], out)
		}
	}
	return reach, err
}

// reachOf returns how some official accounts reach somebody who follows those with an open id, by messages of some of the
// kinds. What templates the configuration file gives its account is not known here: it has one.
func reachOf(
	officials []core.MessageAccount, kinds []core.MessageKind, follows map[string]string, out map[refused]bool,
) core.ReminderReach {
	reach := core.ReachUnset
	for _, o := range officials {
		for _, kind := range kinds {
			template := o.Templates[kind].ID
			if template == "" && o.App.ID != 0 {
				continue
			}
			open, known := follows[o.App.AppID]
			switch {
			case !known:
				if reach == core.ReachUnset {
					reach = core.ReachBound
				}
			case out[refused{o.App.AppID, open, template}] || out[refused{o.App.AppID, open, ""}]:
				reach = core.ReachOptedOut
			default:
				return core.ReachFollower
			}
		}
	}
	if len(officials) == 0 {
		return core.ReachBound
	}
	return reach
}

// EnableReminder lets an account be told again outside the console of what waits for a review. Who does it must
// hold all that the account holds.
func (s *Store) EnableReminder(ctx context.Context, by core.Granter, id core.ID) error {
	return s.switchReminder(ctx, by, id, audit.Entry{Action: "reminder.enable"}, true)
}

// DisableReminder tells an account of what waits for a review in the console alone. See EnableReminder.
func (s *Store) DisableReminder(ctx context.Context, by core.Granter, id core.ID) error {
	return s.switchReminder(ctx, by, id, audit.Entry{Action: "reminder.disable"}, false)
}

func (s *Store) switchReminder(ctx context.Context, by core.Granter, id core.ID, entry audit.Entry, on bool) error {
	return s.db.Write(ctx, "switch a reminder", func(tx *database.Tx) error {
		account, err := lockAccount(tx, by.Holds, id)
		switch {
		case err != nil:
			return err
		case !account.Disabled.IsZero():
			return core.Conflict("账号已停用")
		}
		if err := changePreference(tx, id, func(p *Preference) error {
			return p.tell(core.ReviewAsks(account.Has), on)
		}); err != nil {
			return err
		}
		entry.Subject = audit.Target("account", id)
		return audit.Write(tx, by.Actor, entry)
	})
}

// tell switches whether the account is told of some kinds of messages outside the console; a conflict if it already is
// as it should be.
func (p *Preference) tell(kinds []core.MessageKind, on bool) error {
	muted := slices.DeleteFunc(slices.Clone(p.Muted), func(k core.MessageKind) bool { return slices.Contains(kinds, k) })
	was := len(p.Muted) - len(muted)
	switch {
	case len(kinds) == 0:
		return core.Conflict("账号没有审核的权限，没有要提醒的")
	case on && was == 0:
		return core.Conflict("提醒已经开启，请刷新页面")
	case !on && was == len(kinds):
		return core.Conflict("提醒已经关闭，请刷新页面")
	case !on:
		muted = append(muted, kinds...)
	}
	p.Muted = muted
	return nil
}
