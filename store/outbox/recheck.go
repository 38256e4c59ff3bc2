package outbox

import (
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

// A message waits for a minute, for the night, or for a channel that is stopped: meanwhile its recipient may have left,
// may have another WeChat, may have switched the kind off, or may not be the one who is to know of it any more.

// accountNow is an account as it is when a message for it is claimed.
type accountNow struct {
	ID          core.ID         `db:"id"`
	User        core.ID         `db:"user_id"`
	All         int             `db:"all_communities"`
	Permissions string          `db:"permissions"`
	Disabled    database.Millis `db:"disabled_at"`
	Muted       string          `db:"muted"`

	First core.MessageChannel `db:"channel"`

	communities []core.ID
}

// whyNot returns why a message is not the account's any more; "" = it is.
func (a accountNow) whyNot(r Row) core.MessageReason {
	needs := r.Kind.Type().Needs
	switch {
	case !a.Disabled.IsZero():
		return core.WhyDisabled
	case needs != "" && !slices.Contains(strings.Split(a.Permissions, ","), string(needs)),
		r.Community != 0 && a.All == 0 && !slices.Contains(a.communities, r.Community):
		return core.WhyNotTheirs
	case slices.Contains(strings.Split(a.Muted, ","), string(r.Kind)):
		return core.WhyMuted
	}
	return ""
}

// scope returns where the account acts.
func (a accountNow) scope() core.Scope {
	if a.All != 0 {
		return core.Everywhere
	}
	return core.ScopeOf(a.communities...)
}

// recheck finds, for messages to accounts, the WeChat that is bound to them now, and which are not theirs any more.
func (c *claim) recheck() error {
	c.gone = map[core.ID]core.MessageReason{}
	if err := readFirst(readerOf(c.tx), c.rows); err != nil {
		return err
	}
	accounts, err := c.accountsNow()
	if err != nil {
		return err
	}
	for i, r := range c.rows {
		a, known := accounts[r.To]
		if !known || r.ToKind != core.ToAccount {
			continue
		}
		c.rows[i].first, c.rows[i].scope = a.First, a.scope()
		if why := a.whyNot(r.Row); why != "" {
			c.gone[r.ID] = why
		}
		if r.Kind.Type().Named || r.User == a.User {
			continue
		}
		c.rows[i].User = a.User
		if _, err := c.tx.Exec("UPDATE message SET user_id = ? WHERE id = ?", int64(a.User), int64(r.ID)); err != nil {
			return err
		}
	}
	return nil
}

// accountsNow returns the accounts that the claimed messages are for.
func (c *claim) accountsNow() (map[core.ID]accountNow, error) {
	var ids []core.ID
	for _, r := range c.rows {
		if r.ToKind == core.ToAccount {
			ids = append(ids, r.To)
		}
	}
	slices.Sort(ids)
	accounts := map[core.ID]accountNow{}
	err := database.EachPart(slices.Compact(ids), func(part []core.ID) error {
		in := database.Placeholders(len(part))
		var found []accountNow
		if err := c.tx.All(&found, `
			SELECT a.id, a.user_id, a.all_communities, a.permissions, a.disabled_at, COALESCE(p.channel, '') AS channel,
				COALESCE(p.muted, '') AS muted
			FROM account a
			LEFT JOIN preference p ON p.account_id = a.id
			WHERE a.id IN (`+in+`)`, database.IDArgs(part)...); err != nil {
			return err
		}
		for _, a := range found {
			accounts[a.ID] = a
		}
		var scope []struct {
			Account   core.ID `db:"account_id"`
			Community core.ID `db:"community_id"`
		}
		err := c.tx.All(&scope, `
			SELECT account_id, community_id
			FROM account_scope
			WHERE account_id IN (`+in+`)`, database.IDArgs(part)...)
		for _, s := range scope {
			a := accounts[s.Account]
			a.communities = append(a.communities, s.Community)
			accounts[s.Account] = a
		}
		return err
	})
	return accounts, err
}

// readFirst reads by which channel the WeChat users among some messages' recipients want to be told first.
func readFirst(from reader, rows []claimed) error {
	var ids []core.ID
	for _, r := range rows {
		if r.ToKind == core.ToWechat {
			ids = append(ids, r.To)
		}
	}
	slices.Sort(ids)
	first := map[core.ID]core.MessageChannel{}
	err := database.EachPart(slices.Compact(ids), func(part []core.ID) error {
		var found []struct {
			ID    core.ID             `db:"id"`
			First core.MessageChannel `db:"channel"`
		}
		err := from.all(&found, `
			SELECT id, channel
			FROM wechat_user
			WHERE channel <> ''
			AND id IN (`+database.Placeholders(len(part))+`)`, database.IDArgs(part)...)
		for _, u := range found {
			first[u.ID] = u.First
		}
		return err
	})
	for i, r := range rows {
		if r.ToKind == core.ToWechat {
			rows[i].first = first[r.To]
		}
	}
	return err
}
