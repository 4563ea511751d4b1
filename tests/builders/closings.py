"""Steps of closing a customer's accounts, as the customers service asks for them."""

from uuid import uuid4

from partner.billing.v1 import closings_pb2


def a_closing(customer_id: str, fence: int = 1) -> closings_pb2.CloseCustomerAccountsRequest:
    return closings_pb2.CloseCustomerAccountsRequest(
        request_id=str(uuid4()), customer_id=customer_id, fence=fence
    )


def a_reclaim_of_vouchers(
    customer_id: str, fence: int = 1
) -> closings_pb2.ReclaimCustomerVouchersRequest:
    return closings_pb2.ReclaimCustomerVouchersRequest(
        request_id=str(uuid4()), customer_id=customer_id, fence=fence
    )


def a_return(customer_id: str, fence: int = 1) -> closings_pb2.ReturnBalancesRequest:
    return closings_pb2.ReturnBalancesRequest(
        request_id=str(uuid4()), customer_id=customer_id, fence=fence
    )


def a_reopening(customer_id: str, fence: int = 1) -> closings_pb2.ReopenCustomerAccountsRequest:
    return closings_pb2.ReopenCustomerAccountsRequest(
        request_id=str(uuid4()), customer_id=customer_id, fence=fence
    )
