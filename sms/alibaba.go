package sms

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	alibabaHost    = "dysmsapi.aliyuncs.com"
	alibabaVersion = "2017-05-25"
)

// alibaba sends by Alibaba Cloud.
type alibaba struct {
	client
	o   Options
	now func() time.Time
}

// Send implements Sender: SendSms.
// https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms
func (a *alibaba) Send(ctx context.Context, m Message) (string, error) {
	m, err := m.ready()
	if err != nil {
		return "", err
	}
	values := map[string]string{}
	for _, v := range m.Values {
		values[v.Name] = v.Text
	}
	param, err := json.Marshal(values)
	if err != nil {
		return "", err
	}
	query := []pair{{"PhoneNumbers", strings.TrimPrefix(m.Phone, "+")}, {"SignName", a.o.Sign}, {"TemplateCode", m.Template}}
	if mainlandNumber, is := strings.CutPrefix(m.Phone, "+86"); is {
		query[0].value = mainlandNumber
	}
	if len(values) > 0 {
		query = append(query, pair{"TemplateParam", string(param)})
	}
	answer, status, err := a.send(ctx, a.signed("SendSms", query))
	if err != nil {
		return "", err
	}
	return a.read(answer, status)
}

// pair is a parameter of the query.
type pair struct{ name, value string }

// encoded returns parameters in the order and encoding of the signature, which are also sent so.
func encoded(query []pair) string {
	slices.SortFunc(query, func(a, b pair) int { return cmp.Compare(a.name, b.name) })
	parts := make([]string, 0, len(query))
	for _, p := range query {
		parts = append(parts, escape(p.name)+"="+escape(p.value))
	}
	return strings.Join(parts, "&")
}

// escape encodes a text as RFC 3986 does: a space is %20, and a tilde stays.
func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// signed returns the request of an action.
func (a *alibaba) signed(action string, query []pair) call {
	q := encoded(query)
	empty := hexSHA256(nil)
	headers := []signedHeader{
		{"host", alibabaHost}, {"x-acs-action", action}, {"x-acs-content-sha256", empty},
		{"x-acs-date", a.now().UTC().Format(time.RFC3339)}, {"x-acs-signature-nonce", rand.Text()}, {"x-acs-version", alibabaVersion},
	}
	header := http.Header{"Authorization": {acs3{a.o.KeyID, a.o.Secret}.authorization(q, headers)}}
	for _, h := range headers[1:] {
		header.Set(h.name, h.value)
	}
	return call{host: alibabaHost, query: q, header: header}
}

// acs3 signs requests with ACS3-HMAC-SHA256.
// https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
type acs3 struct{ keyID, secret string }

// authorization returns the Authorization header of a POST to the path "/" with an empty body.
func (s acs3) authorization(query string, headers []signedHeader) string {
	const algorithm = "ACS3-HMAC-SHA256"
	lines, names := canonical(headers)
	request := strings.Join([]string{http.MethodPost, "/", query, lines, names, hexSHA256(nil)}, "\n")
	signature := hmacSHA256([]byte(s.secret), algorithm+"\n"+hexSHA256([]byte(request)))
	return algorithm + " Credential=" + s.keyID + ",SignedHeaders=" + names + ",Signature=" + hex.EncodeToString(signature)
}

func (a *alibaba) read(body []byte, status int) (string, error) {
	var answer struct{ Code, Message, BizId string }
	if err := json.Unmarshal(body, &answer); err != nil || answer.Code == "" {
		return "", a.unread(status)
	}
	switch {
	case answer.Code != "OK":
		action := actionOf(alibabaActions, answer.Code)
		if action == ActionSlow && strings.Contains(answer.Message, dayLimit) {
			action = ActionFull
		}
		return "", &Error{Provider: Alibaba, Code: answer.Code, Status: status, action: action}
	case status != http.StatusOK || answer.BizId == "":
		return "", a.unread(status)
	}
	return answer.BizId, nil
}

// dayLimit is in the text of a refusal for the limit of a phone's day: 触发天级流控Permits:10.
const dayLimit = "天级流控"

// alibabaActions are Alibaba Cloud's codes, the longer prefixes first.
// https://help.aliyun.com/zh/sms/developer-reference/api-error-codes
var alibabaActions = []codeAction{
	{"isv.BUSINESS_LIMIT_CONTROL", ActionSlow}, // per minute, hour or day: the text says which
	{"isv.DAY_LIMIT_CONTROL", ActionTomorrow},
	{"isv.MONTH_LIMIT_CONTROL", ActionAlarm},
	{"isv.AMOUNT_NOT_ENOUGH", ActionAlarm},
	{"isv.OUT_OF_SERVICE", ActionAlarm},
	{"isv.BILLING_DEDUCTION_ERROR", ActionAlarm},
	{"isv.PRODUCT_UN_SUBSCRIPT", ActionAlarm},
	{"isv.PRODUCT_UNSUBSCRIBE", ActionAlarm},
	{"isv.ACCOUNT_NOT_EXISTS", ActionAlarm},
	{"isv.ACCOUNT_ABNORMAL", ActionAlarm},
	{"isv.SECURITY_FROZEN_ACCOUNT", ActionAlarm},
	{"Forbidden", ActionAlarm},
	{"Throttling", ActionSlow},
	{"isv.MOBILE_NUMBER_ILLEGAL", ActionUnknown},
	{"isv.DOMESTIC_NUMBER_NOT_SUPPORTED", ActionUnknown},
	{"isv.BLACK_KEY_CONTROL_LIMIT", ActionFault}, // a forbidden word in a variable
	{"isv.PARAM_LENGTH_LIMIT", ActionFault},
	{"isv.PARAM_NOT_SUPPORT_URL", ActionFault},
	{"isv.INVALID_PARAMETERS", ActionFault},
	{"isv.INVALID_JSON_PARAM", ActionFault},
	{"isv.TEMPLATE_MISSING_PARAMETERS", ActionFault},
	{"isv.TEMPLATE_PARAMS_ILLEGAL", ActionFault},
	{"isv.SMS_CONTENT_ILLEGAL", ActionFault},
	{"isv.BLACKLIST", ActionOptOut},
	{"isv.CUSTOMER_REFUSED", ActionOptOut},
	{"isv.SMS_TEMPLATE_ILLEGAL", ActionTemplate},
	{"isv.SMS_SIGNATURE_ILLEGAL", ActionTemplate},
	{"isv.SMS_SIGN_ILLEGAL", ActionTemplate},
	{"isv.SMS_SIGNATURE_SCENE_ILLEGAL", ActionTemplate},
	{"isp.RAM_PERMISSION_DENY", ActionKeys},
	{"isv.DENY_IP_RANGE", ActionKeys},
	{"InvalidAccessKeyId", ActionKeys},
	{"SignatureDoesNotMatch", ActionKeys},
	{"IncompleteSignature", ActionKeys},
	{"InvalidTimeStamp", ActionKeys},
	{"isp.SYSTEM_ERROR", ActionRetry},
	{"isp.GATEWAY_ERROR", ActionRetry},
	{"ServiceUnavailable", ActionRetry},
	{"InternalError", ActionRetry},
	{"SignatureNonceUsed", ActionRetry},
}
