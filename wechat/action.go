package wechat

import (
	"errors"
	"fmt"
)

// ErrInvalid is wrapped by the error of a call that was not made, since the platform would refuse it.
var ErrInvalid = errors.New("not what the platform takes")

// invalid returns an error of a call that was not made.
func invalid(api, why string) error { return fmt.Errorf("wechat: %s: %w: %s", api, ErrInvalid, why) }

// needed returns a value of an answer, or an error if it is missing.
func needed(api, value string, err error) (string, error) {
	if err == nil && value == "" {
		err = &errLocal{api, errors.New("the answer is not complete")}
	}
	return value, err
}

// checkMessage refuses a message without receiver, template or text.
func checkMessage(api, to, template string, fields map[string]string) error {
	switch {
	case to == "":
		return invalid(api, "nobody is addressed")
	case template == "":
		return invalid(api, "which template is not said")
	case len(fields) == 0:
		return invalid(api, "it has no fields")
	}
	for name, text := range fields {
		if fit(name, text) == "" {
			return invalid(api, "the field "+name+" is empty")
		}
	}
	return nil
}

// Action is what the sender of a message does about an error.
type Action int

// The actions. A sender that does not know one treats it as ActionAlarm.
const (
	// ActionNone: there is no error.
	ActionNone Action = iota
	// ActionRetry: the platform was busy or could not be reached; again after seconds, with jitter.
	ActionRetry
	// ActionSlow: too many to this person; again after minutes.
	ActionSlow
	// ActionTomorrow: the account's quota is used up; again after midnight in China, and an alarm.
	ActionTomorrow
	// ActionBreak: the account cannot call from here (its list of addresses); an alarm, again after
	// a while.
	ActionBreak
	// ActionUnfollowed: the person does not follow the account; another channel.
	ActionUnfollowed
	// ActionOptOut: the person refuses this template, or has no grant left; another channel.
	ActionOptOut
	// ActionUnknown: the receiver is not a person of this account; another channel.
	ActionUnknown
	// ActionAlarm: the account is not set up for this call; no retry.
	ActionAlarm
	// ActionFault: the message is wrong, a fault of this program; no retry.
	ActionFault
)

// actions are the platform's codes with an action, of the official account, the mini-program and
// WeWork. Their codes do not collide.
// https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
// https://developer.work.weixin.qq.com/document/path/90313
var actions = map[int]Action{
	codeBusy:         ActionRetry,
	codeTooMany:      ActionSlow,
	45009:            ActionTomorrow, // daily quota
	45011:            ActionSlow,     // calls per minute
	45033:            ActionSlow,     // WeWork: calls at once
	codeBadIP:        ActionBreak,
	codeCorpBadIP:    ActionBreak,
	codeUnfollowed:   ActionUnfollowed,
	codeRefused:      ActionOptOut,
	40003:            ActionUnknown,
	46004:            ActionUnknown,
	60111:            ActionUnknown, // WeWork: no such member
	81013:            ActionUnknown, // WeWork: none of the receivers is valid
	40013:            ActionAlarm,
	40037:            ActionAlarm,
	codeTokenInvalid: ActionAlarm, // even after a new token
	codeTokenBad:     ActionAlarm,
	codeTokenExpired: ActionAlarm,
	40056:            ActionAlarm, // WeWork: agent id
	40125:            ActionAlarm,
	45109:            ActionAlarm,
	48001:            ActionAlarm,
	48002:            ActionAlarm, // WeWork
	50002:            ActionAlarm,
	60011:            ActionAlarm, // WeWork: outside of the app's range
	301002:           ActionAlarm, // WeWork: another app's agent id
}

// ActionOf returns what the sender of a message does about its error. An error of the connection,
// and one of this program's caller (its time was over), are to be retried.
func ActionOf(err error) Action {
	switch code := CodeOf(err); {
	case err == nil:
		return ActionNone
	case code != 0:
		if action, known := actions[code]; known {
			return action
		}
		return ActionFault
	case errors.Is(err, ErrInvalid):
		return ActionFault
	}
	return ActionRetry
}
