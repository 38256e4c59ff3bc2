package sms

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	tencentHost    = "sms.tencentcloudapi.com"
	tencentVersion = "2021-01-11"
	tencentRegion  = "ap-guangzhou"
	tencentJSON    = "application/json; charset=utf-8"
)

// tencent sends by Tencent Cloud.
type tencent struct {
	client
	o   Options
	now func() time.Time
}

// Send implements Sender: SendSms.
// https://cloud.tencent.com/document/api/382/55981
func (t *tencent) Send(ctx context.Context, m Message) (string, error) {
	m, err := m.ready()
	if err != nil {
		return "", err
	}
	values := []string{}
	for _, v := range m.Values {
		values = append(values, v.Text)
	}
	body, err := json.Marshal(map[string]any{
		"PhoneNumberSet": []string{m.Phone}, "SmsSdkAppId": t.o.AppID, "SignName": t.o.Sign, "TemplateId": m.Template,
		"TemplateParamSet": values,
	})
	if err != nil {
		return "", err
	}
	answer, status, err := t.send(ctx, t.signed("SendSms", body))
	if err != nil {
		return "", err
	}
	return t.read(answer, status)
}

// signed returns the request of an action.
func (t *tencent) signed(action string, body []byte) call {
	region := t.o.Region
	if region == "" {
		region = tencentRegion
	}
	at := t.now()
	headers := []signedHeader{{"content-type", tencentJSON}, {"host", tencentHost}, {"x-tc-action", strings.ToLower(action)}}
	return call{host: tencentHost, body: body, header: http.Header{
		"Content-Type": {tencentJSON}, "X-Tc-Action": {action}, "X-Tc-Version": {tencentVersion}, "X-Tc-Region": {region},
		"X-Tc-Timestamp": {strconv.FormatInt(at.Unix(), 10)},
		"Authorization":  {tc3{t.o.KeyID, t.o.Secret, "sms"}.authorization(at, headers, body)},
	}}
}

// tc3 signs requests for a service with TC3-HMAC-SHA256.
// https://cloud.tencent.com/document/api/382/52072
type tc3 struct{ keyID, secret, service string }

// authorization returns the Authorization header of a POST to the path "/".
func (s tc3) authorization(at time.Time, headers []signedHeader, body []byte) string {
	const algorithm = "TC3-HMAC-SHA256"
	lines, names := canonical(headers)
	request := strings.Join([]string{http.MethodPost, "/", "", lines, names, hexSHA256(body)}, "\n")
	day := at.UTC().Format(time.DateOnly)
	scope := day + "/" + s.service + "/tc3_request"
	text := strings.Join([]string{algorithm, strconv.FormatInt(at.Unix(), 10), scope, hexSHA256([]byte(request))}, "\n")
	key := hmacSHA256(hmacSHA256(hmacSHA256([]byte("TC3"+s.secret), day), s.service), "tc3_request")
	return algorithm + " Credential=" + s.keyID + "/" + scope + ", SignedHeaders=" + names +
		", Signature=" + hex.EncodeToString(hmacSHA256(key, text))
}

// read reads the answer about one number.
func (t *tencent) read(body []byte, status int) (string, error) {
	var answer struct {
		Response struct {
			Error *struct{ Code string }
			Set   []struct{ SerialNo, Code string } `json:"SendStatusSet"`
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", t.unread(status)
	}
	switch r := answer.Response; {
	case r.Error != nil && r.Error.Code != "":
		return "", t.refused(r.Error.Code, status)
	case len(r.Set) != 1 || r.Set[0].Code == "":
		return "", t.unread(status)
	case r.Set[0].Code != "Ok":
		return "", t.refused(r.Set[0].Code, status)
	case r.Set[0].SerialNo == "":
		return "", t.unread(status)
	default:
		return r.Set[0].SerialNo, nil
	}
}

func (t *tencent) refused(code string, status int) error {
	return &Error{Provider: Tencent, Code: code, Status: status, action: actionOf(tencentActions, code)}
}

// codeAction is the action of the codes that begin with prefix.
type codeAction struct {
	prefix string
	action Action
}

// actionOf returns the action of the first prefix that fits; see ActionOther for a code that is not listed.
func actionOf(list []codeAction, code string) Action {
	for _, a := range list {
		if strings.HasPrefix(code, a.prefix) {
			return a.action
		}
	}
	return ActionOther
}

// tencentActions are Tencent Cloud's codes, the longer prefixes first.
// https://cloud.tencent.com/document/api/382/59177 and https://cloud.tencent.com/document/api/382/52075
var tencentActions = []codeAction{
	{"LimitExceeded.AppDailyLimit", ActionTomorrow},
	{"LimitExceeded.DailyLimit", ActionTomorrow},
	{"LimitExceeded.AppGlobalDailyLimit", ActionTomorrow},
	{"LimitExceeded.PhoneNumberDailyLimit", ActionFull},
	{"LimitExceeded.PhoneNumberSameContentDailyLimit", ActionFull},
	{"LimitExceeded", ActionSlow},
	{"RequestLimitExceeded", ActionSlow},
	{"FailedOperation.PhoneNumberInBlacklist", ActionOptOut},
	{"FailedOperation.PhoneOnBlacklist", ActionOptOut},
	{"InvalidParameterValue.IncorrectPhoneNumber", ActionUnknown},
	{"InvalidParameterValue.ProhibitSendSmsToTheNumber", ActionUnknown},
	{"UnsupportedOperation.UnsupportedRegion", ActionUnknown},
	{"UnsupportedOperation.UnsuportedRegion", ActionUnknown}, // as it is written there
	{"FailedOperation.ContainSensitiveWord", ActionFault},
	{"FailedOperation.FailResolvePacket", ActionFault},
	{"InvalidParameterValue.ContentLengthLimit", ActionFault},
	{"InvalidParameterValue.TemplateParameter", ActionFault},
	{"InvalidParameterValue.ProhibitedUseUrlInTemplateParameter", ActionFault},
	{"FailedOperation.TemplateIncorrectOrUnapproved", ActionTemplate},
	{"FailedOperation.SignatureIncorrectOrUnapproved", ActionTemplate},
	{"InvalidParameterValue.TemplateWrong", ActionTemplate},
	{"FailedOperation.InsufficientBalanceInSmsPackage", ActionAlarm},
	{"FailedOperation.NotEnterpriseCertification", ActionAlarm},
	{"InvalidParameterValue.SdkAppIdNotExist", ActionAlarm},
	{"UnauthorizedOperation.ServiceSuspendDueToArrears", ActionAlarm},
	{"UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny", ActionAlarm},
	{"AuthFailure", ActionKeys},
	{"UnauthorizedOperation", ActionKeys},
	{"InternalError.SigVerificationFail", ActionKeys},
	{"InternalError.SigFieldMissing", ActionKeys},
	{"InternalError.RestApiInterfaceNotExist", ActionAlarm},
	{"InternalError", ActionRetry},
	{"ResourceInsufficient", ActionRetry},
	{"ServiceUnavailable", ActionRetry},
}
