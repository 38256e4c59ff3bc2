package outbox

import (
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// facts are what the routes of some messages depend on.
type facts struct {
	identities map[core.ID]map[string]identity // of WeChat users, by app
	optOuts    map[optOut]core.MessageReason
	tried      map[optOut]bool // of those the ones that are tried again
	grants     map[optOut]int
	stops      []core.ChannelStop
	phones     map[core.ID]string     // of WeChat users
	members    map[core.ID]member     // of WeWork, by their account of the console
	staff      map[core.ID]string     // phones of staff, by their account
	doubtful   map[core.ID]string     // accounts by which messages in doubt were sent
	scopes     map[core.ID]core.Scope // of accounts
	register   map[core.ID]string     // phones of those whom the register alone knows, by their id there
	places     map[core.ID]string     // names of communities
}

// member is a member of a company in use.
type member struct {
	Account core.ID `db:"account_id"`
	App     core.ID `db:"app_id"` // wechat_app.id
	UserID  string  `db:"user_id"`
}

type identity struct {
	User     core.ID         `db:"user_id"`
	App      string          `db:"app_id"`
	Open     string          `db:"open_id"`
	Followed database.Millis `db:"followed_at"`
}

type optOut struct{ App, Open, Template string }

// reader reads what facts are, within a transaction or outside.
type reader struct {
	all  func(dest any, query string, args ...any) error
	keys database.Keyring
	now  time.Time
}

func readerOf(tx *database.Tx) reader { return reader{tx.All, tx.Keys(), tx.Now()} }

func readFacts(from reader, setup core.MessageSetup, rows []claimed) (f facts, err error) {
	var users, accounts, doubtful, places []core.ID
	registered := map[string][]core.ID{}
	scopes := map[core.ID]core.Scope{}
	for _, r := range rows {
		if !r.Unsure.IsZero() || !r.open.Begun.IsZero() {
			doubtful = append(doubtful, r.ID)
		}
		if r.Community != 0 && !slices.Contains(places, r.Community) {
			places = append(places, r.Community)
		}
		if r.User != 0 {
			users = append(users, r.User)
		}
		if r.Message().OfRegister() {
			registered[r.ToKind] = append(registered[r.ToKind], r.To)
		}
		if r.ToKind == core.ToAccount {
			accounts = append(accounts, r.To)
			scopes[r.To] = r.scope
		}
	}
	f = facts{
		identities: map[core.ID]map[string]identity{}, optOuts: map[optOut]core.MessageReason{},
		tried:  map[optOut]bool{},
		grants: map[optOut]int{}, phones: map[core.ID]string{}, members: map[core.ID]member{}, staff: map[core.ID]string{},
		doubtful: map[core.ID]string{}, scopes: scopes, register: map[core.ID]string{},
		places: map[core.ID]string{},
	}
	if f.stops, err = stopsAt(from.all, from.now.UnixMilli()); err != nil {
		return f, err
	}
	if err := database.EachPart(places, func(part []core.ID) error { return f.readPlaces(from, part) }); err != nil {
		return f, err
	}
	if err := database.EachPart(doubtful, func(part []core.ID) error { return f.readDoubtful(from, part) }); err != nil {
		return f, err
	}
	err = database.EachPart(users, func(part []core.ID) error {
		if err := f.readIdentities(from, part); err != nil {
			return err
		}
		if setup.Open[core.ChannelSMS] {
			return f.readPhones(from, part)
		}
		return nil
	})
	if err == nil && setup.Open[core.ChannelWeWork] && len(setup.Corps) > 0 {
		err = database.EachPart(accounts, func(part []core.ID) error { return f.readMembers(from, setup, part) })
	}
	if err == nil && setup.Open[core.ChannelSMS] {
		err = database.EachPart(accounts, func(part []core.ID) error { return f.readStaffPhones(from, part) })
	}
	for kind, table := range registerTables {
		if err == nil && setup.Open[core.ChannelSMS] {
			err = database.EachPart(registered[kind], func(part []core.ID) error { return f.readRegister(from, table, part) })
		}
	}
	return f, err
}

// readPlaces reads the names of communities.
func (f *facts) readPlaces(from reader, communities []core.ID) error {
	var rows []struct {
		ID   core.ID `db:"id"`
		Name string  `db:"name"`
	}
	err := from.all(&rows, "SELECT id, name FROM community WHERE id IN ("+database.Placeholders(len(communities))+")",
		database.IDArgs(communities)...)
	for _, r := range rows {
		f.places[r.ID] = r.Name
	}
	return err
}

// readDoubtful reads by which accounts messages in doubt were sent: no other recognises a repeat.
func (f *facts) readDoubtful(from reader, messages []core.ID) error {
	var rows []struct {
		Message core.ID `db:"message_id"`
		App     string  `db:"app_id"`
	}
	err := from.all(&rows, `
		SELECT message_id, app_id
		FROM message_attempt
		WHERE message_id IN (`+database.Placeholders(len(messages))+`)
		ORDER BY id`, database.IDArgs(messages)...)
	for _, r := range rows {
		f.doubtful[r.Message] = r.App // the latest
	}
	return err
}

// readMembers reads which accounts are of staff who work at a company in use.
func (f *facts) readMembers(from reader, setup core.MessageSetup, accounts []core.ID) error {
	var rows []member
	if err := from.all(&rows, `
		SELECT s.account_id, s.app_id, s.user_id
		FROM staff s
		JOIN wechat_app w ON w.id = s.app_id
		WHERE s.left_at IS NULL
		AND s.user_key IS NOT NULL
		AND w.disabled_at IS NULL
		AND s.account_id IN (`+database.Placeholders(len(accounts))+`)
		ORDER BY s.id`, database.IDArgs(accounts)...); err != nil {
		return err
	}
	for _, r := range rows {
		if setup.Corps[r.App] != "" {
			f.members[r.Account] = r
		}
	}
	return nil
}

// readStaffPhones reads the numbers of the staff members whose accounts some messages are for.
func (f *facts) readStaffPhones(from reader, accounts []core.ID) error {
	var found []struct {
		Account core.ID `db:"account_id"`
		Phone   string  `db:"phone_cipher"`
	}
	err := from.all(&found, `
		SELECT account_id, phone_cipher
		FROM staff
		WHERE left_at IS NULL
		AND phone_mac <> ''
		AND account_id IN (`+database.Placeholders(len(accounts))+`)
		ORDER BY id`, database.IDArgs(accounts)...)
	for _, row := range found {
		if phone, err := from.keys.Open("staff.phone", row.Phone); err == nil && phone != core.Unreadable {
			f.staff[row.Account] = phone
		}
	}
	return err
}

// registerTables have the phones of the register by the kind of the recipients.
var registerTables = map[string]string{core.ToResident: "resident", core.ToMember: "institution_member"}

// readRegister reads the numbers of people whom the register alone knows. Who is not in it any more has none.
func (f *facts) readRegister(from reader, table string, ids []core.ID) error {
	var found []struct {
		ID    core.ID `db:"id"`
		Phone string  `db:"phone_cipher"`
	}
	err := from.all(&found, "SELECT id, phone_cipher FROM "+table+" WHERE phone_cipher <> '' AND id IN ("+
		database.Placeholders(len(ids))+")", database.IDArgs(ids)...)
	for _, row := range found {
		if phone, err := from.keys.Open(table+".phone", row.Phone); err == nil && phone != core.Unreadable {
			f.register[row.ID] = phone
		}
	}
	return err
}

// readIdentities reads the open ids of some users, with what their owners accept.
func (f *facts) readIdentities(from reader, users []core.ID) error {
	var rows []identity
	if err := from.all(&rows, `
		SELECT user_id, app_id, open_id, followed_at
		FROM wechat_identity
		WHERE user_id IN (`+database.Placeholders(len(users))+`)`, database.IDArgs(users)...); err != nil {
		return err
	}
	var opens []string
	for _, r := range rows {
		if f.identities[r.User] == nil {
			f.identities[r.User] = map[string]identity{}
		}
		f.identities[r.User][r.App] = r
		opens = append(opens, r.Open)
	}
	return database.EachPart(opens, func(part []string) error { return f.readConsents(from, part) })
}

func (f *facts) readConsents(from reader, opens []string) error {
	args := make([]any, len(opens))
	for i, open := range opens {
		args[i] = open
	}
	in := "open_id IN (" + database.Placeholders(len(opens)) + ")"
	var rows []struct {
		App      string             `db:"app_id"`
		Open     string             `db:"open_id"`
		Template string             `db:"template_id"`
		Reason   core.MessageReason `db:"reason"`
		Created  database.Millis    `db:"created_at"`
		N        int                `db:"n"`
	}
	if err := from.all(&rows,
		"SELECT app_id, open_id, template_id, reason, created_at FROM message_optout WHERE "+in, args...); err != nil {
		return err
	}
	for _, r := range rows {
		f.optOuts[optOut{r.App, r.Open, r.Template}] = r.Reason
		f.tried[optOut{r.App, r.Open, r.Template}] = from.now.Sub(r.Created.Time) > core.OptOutLife
	}
	rows = nil
	if err := from.all(&rows, "SELECT app_id, open_id, template_id, n FROM message_grant WHERE "+in, args...); err != nil {
		return err
	}
	for _, r := range rows {
		f.grants[optOut{r.App, r.Open, r.Template}] = r.N
	}
	return nil
}

func (f *facts) readPhones(from reader, users []core.ID) error {
	var rows []struct {
		ID    core.ID `db:"id"`
		Phone string  `db:"phone_cipher"`
	}
	if err := from.all(&rows, `
		SELECT id, phone_cipher
		FROM wechat_user
		WHERE phone_cipher <> ''
		AND id IN (`+database.Placeholders(len(users))+`)`, database.IDArgs(users)...); err != nil {
		return err
	}
	for _, r := range rows {
		phone, err := from.keys.Open("wechat_user.phone", r.Phone)
		if err != nil || phone == core.Unreadable {
			continue // it reaches nobody; the count of unreadable values shows it
		}
		f.phones[r.ID] = phone
	}
	return nil
}

// reach returns how the channels of a message's kind reach its recipient.
func (f *facts) reach(setup core.MessageSetup, m core.Message) map[core.MessageChannel]core.MessageReach {
	reach := map[core.MessageChannel]core.MessageReach{}
	for _, c := range m.Channels() {
		r := f.reachBy(setup, m, c)
		if c != core.ChannelInApp && !setup.Open[c] {
			r = core.MessageReach{Why: core.WhyChannelOff}
		}
		appID, template := f.sender(setup, m, c)
		r.Template = template.ID
		for _, stop := range f.stops {
			if stop.Holds(c, appID, r.Template) && stop.Until.After(r.Stopped) {
				r.Stopped, r.StopWhy = stop.Until, stop.Reason
			}
		}
		if m.OfRegister() && r.Address == "" {
			r.Why = core.WhyNoWechat // what they lack; text messages are but a help
		}
		reach[c] = r
	}
	return reach
}

func (f *facts) reachBy(setup core.MessageSetup, m core.Message, c core.MessageChannel) core.MessageReach {
	switch c {
	case core.ChannelTemplate, core.ChannelSubscribe:
		_, reach := f.account(setup, m, c)
		return reach
	case core.ChannelSMS:
		phone := f.phones[m.User]
		if m.OfRegister() {
			phone = f.register[m.To]
		}
		if m.ToKind != core.ToAccount && setup.TemplateOf(c, m.Kind).ID == "" {
			return core.MessageReach{Why: core.WhyChannelOff} // of what a resident chose, not every kind has one
		}
		if phone == "" && m.ToKind == core.ToAccount {
			phone = f.staff[m.To]
		}
		return core.MessageReach{Address: phone, Why: core.WhyNoPhone}
	case core.ChannelWeWork:
		if len(setup.Corps) == 0 {
			return core.MessageReach{Why: core.WhyChannelOff}
		}
		return core.MessageReach{Address: f.memberOf(m).UserID, Why: core.WhyNoStaff}
	case core.ChannelInApp:
		switch {
		case m.Notice != 0:
			return core.MessageReach{Address: m.Notice.String()}
		case m.ToKind == core.ToWechat: // the list of a phone page has all that its reader was told
			return core.MessageReach{Address: m.To.String()}
		}
	}
	return core.MessageReach{Why: core.WhyNoStaff}
}

// memberOf returns as whom WeWork knows the recipient; zero = it does not.
func (f *facts) memberOf(m core.Message) member {
	if m.ToKind != core.ToAccount {
		return member{}
	}
	return f.members[m.To]
}

// account returns by which official account, or mini-program, a message is sent, and how it reaches the recipient: the
// first of those that may tell of it, have a template for it, reach them and may send now. If none is, it is the first that
// reaches them, or else the first with a template. What may have been sent by one is sent by no other.
func (f *facts) account(
	setup core.MessageSetup, m core.Message, c core.MessageChannel,
) (core.MessageAccount, core.MessageReach) {
	accounts, reachAccount := setup.OfficialsOf(m.Community), f.reachOfficial
	if m.ToKind == core.ToAccount && m.Community == 0 { // about themselves
		accounts = setup.OfficialsFor(f.scopes[m.To])
	}
	if c == core.ChannelSubscribe {
		accounts, reachAccount = setup.MinisOf(m.Community), f.reachMini
	}
	var first, stopped core.MessageAccount
	reach := core.MessageReach{Why: core.WhyChannelOff}
	var later core.MessageReach
	for _, a := range accounts {
		template := a.Templates[m.Kind].ID
		if only, bound := f.doubtful[m.ID]; template == "" || bound && a.App.AppID != only {
			continue
		}
		by := reachAccount(a, m)
		switch {
		case by.Address != "" && !f.stopped(c, a.App.AppID, template):
			return a, by
		case by.Address != "" && later.Address == "":
			stopped, later = a, by
		case first.App.AppID == "":
			first, reach = a, by
		}
	}
	if later.Address != "" {
		return stopped, later
	}
	return first, reach
}

// stopped reports whether an account sends nothing by a template now.
func (f *facts) stopped(c core.MessageChannel, appID, template string) bool {
	return slices.ContainsFunc(f.stops, func(s core.ChannelStop) bool { return s.Holds(c, appID, template) })
}

// reachMini returns how a mini-program reaches a recipient: each message uses up a consent.
func (f *facts) reachMini(a core.MessageAccount, m core.Message) core.MessageReach {
	who, known := f.identities[m.User][a.App.AppID]
	by := optOut{a.App.AppID, who.Open, a.Templates[m.Kind].ID}
	switch {
	case known && f.optOuts[by] != "":
		return core.MessageReach{Why: core.WhyOptedOut}
	case !known || f.grants[by] < 1:
		return core.MessageReach{Why: core.WhyNoGrant}
	}
	return core.MessageReach{Address: who.Open}
}

func (f *facts) reachOfficial(a core.MessageAccount, m core.Message) core.MessageReach {
	who, known := f.identities[m.User][a.App.AppID]
	out, isOut := f.refusal(optOut{a.App.AppID, who.Open, a.Templates[m.Kind].ID})
	if !isOut {
		out, isOut = f.refusal(optOut{a.App.AppID, who.Open, ""})
	}
	switch {
	case m.User == 0:
		return core.MessageReach{Why: core.WhyNoWechat}
	case !known || who.Followed.IsZero():
		return core.MessageReach{Why: core.WhyNotFollowed}
	case isOut:
		return core.MessageReach{Why: out}
	}
	return core.MessageReach{Address: who.Open}
}

// refusal returns why somebody gets nothing by an official account's template; one that is old is tried again.
func (f *facts) refusal(of optOut) (why core.MessageReason, is bool) {
	why, is = f.optOuts[of]
	return why, is && !f.tried[of]
}

// sender returns the account of WeChat, "" for channels without one, and the template by which a message would be sent.
func (f *facts) sender(
	setup core.MessageSetup, m core.Message, c core.MessageChannel,
) (appID string, template core.MessageTemplate) {
	switch c {
	case core.ChannelTemplate, core.ChannelSubscribe:
		account, _ := f.account(setup, m, c)
		return account.App.AppID, account.Templates[m.Kind]
	case core.ChannelWeWork:
		appID = setup.Corps[f.memberOf(m).App]
	}
	return appID, setup.TemplateOf(c, m.Kind)
}

// spendGrant uses up the consent for a message; false if none is left.
func (c *claim) spendGrant(d core.Dispatch) (bool, error) {
	n, err := c.tx.Exec(`
		UPDATE message_grant
		SET n = n - 1, updated_at = ?
		WHERE app_id = ?
		AND open_id = ?
		AND template_id = ?
		AND n > 0`, c.tx.NowMS(), d.AppID, d.Address, d.Template.ID)
	// Another message of the same claim may be for the same person.
	c.facts.grants[optOut{d.AppID, d.Address, d.Template.ID}]--
	return n == 1, err
}

// day is today of the platform, as a column.
func day(now time.Time) int { return int(core.DayOf(now, core.PlatformZone)) }
