package core

import "time"

// CommandLife is how long an order to open a door may wait for it. A door that opens later opens for nobody.
const CommandLife = 10 * time.Second

// Times around an order.
const (
	// CommandGrace is how long after its end an answer still is one to it.
	CommandGrace = 2 * time.Second
	// CommandMargin is what must be left of its life when it is sent: a connection that does not deliver is given up before that is over.
	CommandMargin = 5 * time.Second
	// CommandPause is how long a door is left alone after an order.
	CommandPause = 3 * time.Second
)

// MaxCommandReason and MaxCommandNumber bound an order; devices acknowledge by its number.
const (
	MaxCommandReason = 200
	MaxCommandNumber = 999999
)

// CommandState is what has become of an order to a door.
type CommandState string

// The states. The last four are final.
const (
	CommandWaiting CommandState = "waiting" // for the server that holds the door
	CommandSent    CommandState = "sent"    // perhaps: it is noted before the first byte, so that nothing is sent twice
	CommandOpened  CommandState = "opened"  // the device says it opened
	CommandFailed  CommandState = "failed"  // the device says it did not
	CommandSilent  CommandState = "silent"  // sent, and never answered
	CommandExpired CommandState = "expired" // never sent, and never will be
)

// CommandStates returns every state, in the order of a life.
func CommandStates() []CommandState {
	return []CommandState{CommandWaiting, CommandSent, CommandOpened, CommandFailed, CommandSilent, CommandExpired}
}

// Label returns the state in Chinese.
func (s CommandState) Label() string {
	switch s {
	case CommandWaiting:
		return "待发出"
	case CommandSent:
		return "已发出，等门应答"
	case CommandOpened:
		return "门已应答"
	case CommandFailed:
		return "设备拒绝"
	case CommandSilent:
		return "已发出，未应答"
	case CommandExpired:
		return "未送达，已作废"
	}
	return string(s)
}

// Final reports whether nothing changes the state any more.
func (s CommandState) Final() bool { return s != CommandWaiting && s != CommandSent }

// DoorCommand is an order to a door to open 开门指令. Its times are by the clock that all servers share.
type DoorCommand struct {
	ID        ID
	Community ID
	Reader    ID
	Gate      string // the reader's name when it was given
	Number    int    // by which the device acknowledges it; of its reader
	By        string // who gave it
	Reason    string
	State     CommandState
	Created   time.Time
	Ends      time.Time // it is not sent afterwards
	Sent      time.Time
	Ended     time.Time // when its state became final
	Late      time.Time // an answer that came after that
}

// MayCommand refuses an order to a door that cannot be carried out at once.
func MayCommand(r Reader, online bool) error {
	p, ok := ReaderProtocolOf(r.Protocol)
	switch {
	case !ok || !p.Commands:
		return Conflict("这类读头不能远程开门")
	case !r.Disabled.IsZero():
		return Conflict("读头已停用，不能远程开门")
	case !online:
		return Conflict("读头不在线，不能远程开门")
	}
	return nil
}

// CheckCommandReason refuses an order without a reason, or with a long one.
func CheckCommandReason(reason string) error {
	if !nameText(reason, MaxCommandReason) {
		return InvalidFields(map[string]string{"reason": "请填写原因，最多 200 个字"})
	}
	return nil
}

// MaySend reports whether the order may still be sent at now.
func (c DoorCommand) MaySend(now time.Time) bool {
	return c.State == CommandWaiting && c.Ends.Sub(now) >= CommandMargin
}

// Taken returns the order as it is before its first byte is sent.
func (c DoorCommand) Taken(now time.Time) DoorCommand {
	if c.MaySend(now) {
		c.State, c.Sent = CommandSent, now
	}
	return c
}

// Answered returns the order after the device's answer. One that was never sent is not changed by what claims to answer it; one that
// came too late is noted, and never opened.
func (c DoorCommand) Answered(opened bool, now time.Time) DoorCommand {
	c = c.At(now)
	switch {
	case c.State == CommandSent && opened:
		c.State, c.Ended = CommandOpened, now
	case c.State == CommandSent:
		c.State, c.Ended = CommandFailed, now
	case c.State == CommandSilent && c.Late.IsZero():
		c.Late = now
	}
	return c
}

// At returns the order as time alone leaves it.
func (c DoorCommand) At(now time.Time) DoorCommand {
	switch {
	case c.State == CommandWaiting && !now.Before(c.Ends):
		c.State, c.Ended = CommandExpired, now
	case c.State == CommandSent && !now.Before(c.Ends.Add(CommandGrace)):
		c.State, c.Ended = CommandSilent, now
	}
	return c
}

// doorCommandFields label what the audit log records of an order.
var doorCommandFields = []AuditField{
	{Key: "gate", Label: "读头"},
	{Key: "reason", Label: "原因"},
}
